"""What every handler of the extension is: authenticated, JSON in and out, one table from errors to HTTP statuses."""

import asyncio
import json
from collections.abc import Collection, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, ClassVar, TypeAlias

import tornado.web
from jupyter_server.base.handlers import APIHandler

from reana_jupyterlab.const import MOST_PER_PAGE, SETTINGS_KEY
from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import (
    BadRequest,
    Conflict,
    ConnectionChanged,
    CredentialsRefused,
    LocalFailure,
    NotConnected,
    NotFound,
    NotOffered,
    ReanaError,
    Refused,
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
    (CredentialsRefused, HTTPStatus.UNAUTHORIZED),
    (Refused, HTTPStatus.FORBIDDEN),
    (BadRequest, HTTPStatus.BAD_REQUEST),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (ConnectionChanged, HTTPStatus.CONFLICT),
    (TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (NotOffered, HTTPStatus.NOT_IMPLEMENTED),
    (TooSlow, HTTPStatus.GATEWAY_TIMEOUT),
    (Unreachable, HTTPStatus.BAD_GATEWAY),
)
REASON_OF: tuple[tuple[type[ReanaError], str], ...] = (
    (NotConnected, "unset"),
    (CredentialsRefused, "refused"),
    (ConnectionChanged, "changed"),
    (TooSlow, "slow"),
    (UntrustedCertificate, "certificate"),
    (WrongScheme, "scheme"),
    (Unreachable, "unreachable"),
)
CONNECTION_HEADER = "X-Reana-Connection"
"""Names the connection that a page shows: a request for another one than is used now is refused."""


OF_JUPYTER = frozenset({"token", "_xsrf", "no_track_activity"})


class ReanaHandler(APIHandler):
    """The parent of all handlers; methods carry `tornado.web.authenticated` too."""

    known_query: ClassVar[Mapping[str, Collection[str]]] = {}
    """The query parameters of each method; all others are refused, so that none is ignored."""

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own API handlers have it
        """Refuse who is not signed in before anything of the request is looked at."""
        await super().prepare()
        if self.request.method != "OPTIONS" and not self.current_user:
            raise tornado.web.HTTPError(HTTPStatus.FORBIDDEN)
        self._check_query()

    def _check_query(self) -> None:
        known = self.known_query.get(self.request.method or "", ())
        for name in self.request.query_arguments:
            # A number alone is what JupyterLab adds so that no cache answers.
            if name not in known and name not in OF_JUPYTER and not name.isdigit():
                told = f"known are {', '.join(sorted(known))}" if known else "there are none here"
                raise BadRequest(f"'{name[:50]}' is not a parameter of this request; {told}.")

    @property
    def services(self) -> Services:
        """Return what the handlers share."""
        services: Services = self.settings[SETTINGS_KEY]
        return services

    async def client(self) -> ReanaClient:
        """Return the client of the credentials in use; they are read from disk, beside the loop."""
        source = await asyncio.to_thread(self.services.connections.current)
        if self.request.headers.get(CONNECTION_HEADER, source.fingerprint) != source.fingerprint:
            raise ConnectionChanged
        return self.services.connections.client_for(source.credentials)

    def body(self) -> JsonObject:
        """Return the request's JSON object."""
        try:
            value = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise BadRequest("The request's body is not JSON.") from error
        if not isinstance(value, dict):
            raise BadRequest("The request's body has to be a JSON object.")
        return value

    def query(self, name: str, default: str = "") -> str:
        """Return a value of the query string."""
        return self.get_query_argument(name, default)

    def count(self, name: str, default: int, *, most: int | None = None) -> int:
        """Return a whole number of at least 1 from the query string."""
        value = self.query(name)
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise BadRequest(f"'{name}' has to be a number of at least 1.")
        return min(int(value), most) if most else int(value)

    def page(self, *, size: int) -> tuple[int, int]:
        """Return page and size, as the query string says; `size` is the usual one."""
        return self.count("page", 1), self.count("size", size, most=MOST_PER_PAGE)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no of the query string."""
        value = self.query(name).lower()
        return value in {"1", "true", "yes"} if value else default

    def named(self, workflow: str) -> str:
        """Return the run of the path, or that of `?workflow_id=`."""
        asked = self.query("workflow_id")
        if workflow and asked:
            raise BadRequest("Name the workflow in the path or in 'workflow_id', not in both.")
        found = workflow or asked
        if not found:
            raise BadRequest("Name a workflow.")
        return found

    def check_xsrf_of_a_get(self) -> None:
        """Ask of a GET that writes what Jupyter asks of a POST: a cookie alone does not do."""
        if self.token_authenticated or self.settings.get("disable_check_xsrf", False):
            return
        tornado.web.RequestHandler.check_xsrf_cookie(self)

    def answer(self, value: Mapping[str, Any], *, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Answer JSON that no cache keeps."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(value))

    def succeed(self, message: str, **more: object) -> None:
        """Answer a success in the form that all writes share."""
        self.answer({"status": "success", "message": message, **more})

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:  # noqa: ANN401 - tornado's
        """Give our own errors their status."""
        error = _error_of(kwargs)
        super().send_error(status_of(error) if isinstance(error, ReanaError) else status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 - tornado's
        """Answer an error in one form: `{status, message}`."""
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
        """Log our own errors as a line: they are answers, no accidents."""
        if isinstance(value, ReanaError):
            said = f"{value.message} {value.detail}".rstrip()
            self.log.warning("REANA extension: %s: %s", type(value).__name__, said)
        else:
            super().log_exception(typ, value, tb)


def status_of(error: ReanaError) -> HTTPStatus:
    """Return the HTTP status that says what the error says."""
    if isinstance(error, RunIsIncomplete):
        return status_of(error.cause)
    if isinstance(error, LocalFailure):
        return HTTPStatus.INSUFFICIENT_STORAGE if error.is_full else HTTPStatus.INTERNAL_SERVER_ERROR
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def reason_of(error: ReanaError) -> str:
    """Return the reason of an error in a word, for programs."""
    return next((reason for kind, reason in REASON_OF if isinstance(error, kind)), HTTPStatus(status_of(error)).phrase)


def text_of(body: JsonObject, key: str, default: str | None = None) -> str:
    """Return a text of a request's body; one without a default has to be there."""
    value = body.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise BadRequest(f"'{key}' has to be a text.")
    return value


def flag_of(body: JsonObject, key: str, *, default: bool) -> bool:
    """Return a yes or no of a request's body."""
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise BadRequest(f"'{key}' has to be true or false.")
    return value


def object_of(body: JsonObject, key: str) -> JsonObject:
    """Return an object of a request's body; absent is empty."""
    value = {} if body.get(key) is None else body[key]
    if not isinstance(value, dict):
        raise BadRequest(f"'{key}' has to be an object.")
    return value


def texts_of(body: JsonObject, key: str) -> list[str]:
    """Return a list of texts of a request's body; absent is empty."""
    value = [] if body.get(key) is None else body[key]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise BadRequest(f"'{key}' has to be a list of texts.")
    return [str(item) for item in value]


def _error_of(kwargs: Mapping[str, Any]) -> BaseException | None:
    info: ExceptionInfo | None = kwargs.get("exc_info")
    return info[1] if info else None


def _sentence(status: int, error: BaseException | None) -> str:
    if isinstance(error, ReanaError):
        return error.message
    if isinstance(error, tornado.web.HTTPError) and status == HTTPStatus.FORBIDDEN:
        said = error.log_message or "this Jupyter server does not know who asks"
        return f"Jupyter refuses the request: {said}."
    if isinstance(error, tornado.web.HTTPError) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"The request cannot be answered: {HTTPStatus(status).phrase.lower()}."
    return "Something unexpected went wrong; the log of the Jupyter server says what."
