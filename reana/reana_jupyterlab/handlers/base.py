"""Base class of all handlers: authentication, JSON bodies, and one mapping of errors to HTTP statuses."""

import asyncio
import json
from collections.abc import Collection, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, ClassVar, TypeAlias

import tornado.web
from jupyter_server.base.handlers import APIHandler

from reana_jupyterlab.const import MAX_PER_PAGE, SETTINGS_KEY
from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import (
    BadRequest,
    Conflict,
    ConnectionChanged,
    CredentialsRejected,
    Forbidden,
    LocalFailure,
    NotConnected,
    NotFound,
    NotSupported,
    ReanaError,
    TooManyRequests,
    TooSlow,
    Unreachable,
    UntrustedCertificate,
    WrongScheme,
)
from reana_jupyterlab.reana.uploads import RunIsIncomplete
from reana_jupyterlab.reana.values import JsonObject
from reana_jupyterlab.services import Services

ExceptionInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType]"

STATUS_OF: tuple[tuple[type[ReanaError], HTTPStatus], ...] = (
    (NotConnected, HTTPStatus.UNAUTHORIZED),
    (CredentialsRejected, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (BadRequest, HTTPStatus.BAD_REQUEST),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (ConnectionChanged, HTTPStatus.CONFLICT),
    (TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (NotSupported, HTTPStatus.NOT_IMPLEMENTED),
    (TooSlow, HTTPStatus.GATEWAY_TIMEOUT),
    (Unreachable, HTTPStatus.BAD_GATEWAY),
)
# Subclasses of `Unreachable` come before it: the first match counts.
REASON_OF: tuple[tuple[type[ReanaError], str], ...] = (
    (NotConnected, "unset"),
    (CredentialsRejected, "refused"),
    (ConnectionChanged, "changed"),
    (TooSlow, "slow"),
    (UntrustedCertificate, "certificate"),
    (WrongScheme, "scheme"),
    (Unreachable, "unreachable"),
)
CONNECTION_HEADER = "X-Reana-Connection"
"""Header with the connection that the page shows; requests for another one than the active one get 409."""


# Jupyter itself or its front end may add these to any request.
JUPYTER_PARAMETERS = frozenset({"token", "_xsrf", "no_track_activity"})


class ReanaHandler(APIHandler):
    """Base class of all handlers; their methods carry `tornado.web.authenticated`, too."""

    known_query: ClassVar[Mapping[str, Collection[str]]] = {}
    """The known query parameters of each method; others get 400, so that none is silently ignored."""

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own API handlers have it
        """Reject unauthenticated requests before anything else is checked."""
        await super().prepare()
        # Browsers send no credentials with a CORS preflight request (OPTIONS).
        if self.request.method != "OPTIONS" and not self.current_user:
            raise tornado.web.HTTPError(HTTPStatus.FORBIDDEN)
        self._check_query()

    def _check_query(self) -> None:
        known = self.known_query.get(self.request.method or "", ())
        for name in self.request.query_arguments:
            # JupyterLab appends a bare number to defeat caches.
            if name not in known and name not in JUPYTER_PARAMETERS and not name.isdigit():
                hint = f"known parameters: {', '.join(sorted(known))}" if known else "this request has none"
                raise BadRequest(f"Unknown query parameter '{name[:50]}'; {hint}.")

    @property
    def services(self) -> Services:
        """Return the objects that all handlers share."""
        services: Services = self.settings[SETTINGS_KEY]
        return services

    async def client(self) -> ReanaClient:
        """Return the client of the active credentials, which are read from disk in a thread."""
        source = await asyncio.to_thread(self.services.connections.current)
        # Without the header, as in scripts, the request is for the active connection.
        if self.request.headers.get(CONNECTION_HEADER, source.fingerprint) != source.fingerprint:
            raise ConnectionChanged
        return self.services.connections.client_for(source.credentials)

    def body(self) -> JsonObject:
        """Return the request's JSON object."""
        try:
            value = json.loads(self.request.body or b"{}")
        # Deeply nested JSON raises a RecursionError, which would become status 500.
        except (ValueError, RecursionError) as error:
            raise BadRequest("The request body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise BadRequest("The request body must be a JSON object.")
        return value

    def query(self, name: str, default: str = "") -> str:
        """Return a value from the query string."""
        return self.get_query_argument(name, default)

    def count(self, name: str, default: int, *, most: int | None = None) -> int:
        """Return a whole number of at least 1 from the query string."""
        value = self.query(name)
        if not value:
            return default
        # `isdigit` also accepts digits such as "²", for which `int` raises a ValueError.
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise BadRequest(f"'{name}' must be an integer of at least 1.")
        return min(int(value), most) if most else int(value)

    def page(self, *, size: int) -> tuple[int, int]:
        """Return page number and size from the query string; `size` is the default."""
        return self.count("page", 1), self.count("size", size, most=MAX_PER_PAGE)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean from the query string."""
        value = self.query(name).lower()
        return value in {"1", "true", "yes"} if value else default

    def named(self, workflow: str) -> str:
        """Return the run given in the path or in `?workflow_id=`."""
        asked = self.query("workflow_id")
        if workflow and asked:
            raise BadRequest("Give the workflow in the path or in 'workflow_id', not in both.")
        found = workflow or asked
        if not found:
            raise BadRequest("A workflow is required.")
        return found

    def check_xsrf_of_a_get(self) -> None:
        """Check the XSRF token of a GET that writes, as Jupyter does for a POST."""
        if self.token_authenticated or self.settings.get("disable_check_xsrf", False):
            return
        # tornado checks no XSRF token of a GET, and Jupyter's own check accepts a matching Referer instead.
        tornado.web.RequestHandler.check_xsrf_cookie(self)

    def respond(self, value: Mapping[str, Any], *, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send a JSON response that is not cached."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(value))

    def succeed(self, message: str, **more: object) -> None:
        """Send the success response shared by all writes."""
        self.respond({"status": "success", "message": message, **more})

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:  # noqa: ANN401 - tornado's
        """Send errors of the extension with their own status."""
        # tornado passes 500 for every exception that is not its own HTTPError.
        error = _error_of(kwargs)
        super().send_error(status_of(error) if isinstance(error, ReanaError) else status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 - tornado's
        """Send an error as `{status, message}`."""
        error = _error_of(kwargs)
        self.set_header("Cache-Control", "no-store")
        answer: dict[str, object] = {"status": "error", "message": _sentence(status_code, error)}
        if isinstance(error, ReanaError):
            answer["reason"] = reason_of(error)
        if isinstance(error, RunIsIncomplete):
            answer |= error.as_json()
        self.finish(json.dumps(answer))

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Log errors of the extension as one line: they are expected and need no traceback."""
        # `detail` is logged only: it may contain internals of the REANA server.
        if isinstance(value, ReanaError):
            text = f"{value.message} {value.detail}".rstrip()
            self.log.warning("REANA extension: %s: %s", type(value).__name__, text)
        else:
            super().log_exception(typ, value, tb)


def status_of(error: ReanaError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    if isinstance(error, RunIsIncomplete):
        return status_of(error.cause)
    if isinstance(error, LocalFailure):
        return HTTPStatus.INSUFFICIENT_STORAGE if error.is_full else HTTPStatus.INTERNAL_SERVER_ERROR
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def reason_of(error: ReanaError) -> str:
    """Return the machine-readable reason of an error."""
    return next((reason for kind, reason in REASON_OF if isinstance(error, kind)), HTTPStatus(status_of(error)).phrase)


def text_of(body: JsonObject, key: str, default: str | None = None) -> str:
    """Return a string from a request body; without a default it is required."""
    value = body.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise BadRequest(f"'{key}' must be a string.")
    return value


def flag_of(body: JsonObject, key: str, *, default: bool) -> bool:
    """Return a boolean from a request body."""
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise BadRequest(f"'{key}' must be true or false.")
    return value


def object_of(body: JsonObject, key: str) -> JsonObject:
    """Return an object from a request body, or an empty one."""
    value = {} if body.get(key) is None else body[key]
    if not isinstance(value, dict):
        raise BadRequest(f"'{key}' must be an object.")
    return value


def texts_of(body: JsonObject, key: str) -> list[str]:
    """Return a list of strings from a request body, or an empty one."""
    value = [] if body.get(key) is None else body[key]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise BadRequest(f"'{key}' must be a list of strings.")
    return [str(item) for item in value]


def _error_of(kwargs: Mapping[str, Any]) -> BaseException | None:
    info: ExceptionInfo | None = kwargs.get("exc_info")
    return info[1] if info else None


def _sentence(status: int, error: BaseException | None) -> str:
    if isinstance(error, ReanaError):
        return error.message
    if isinstance(error, tornado.web.HTTPError) and status == HTTPStatus.FORBIDDEN:
        said = error.log_message or "you are not logged in to this Jupyter server"
        return f"Jupyter rejected the request: {said}."
    if isinstance(error, tornado.web.HTTPError) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"The request failed: {HTTPStatus(status).phrase.lower()}."
    return "Unexpected error. See the log of the Jupyter server."
