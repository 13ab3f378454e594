"""Maps REANA's error responses, by status and message, to exceptions."""

import json
import re
from http import HTTPStatus

from .errors import (
    BadRequest,
    Conflict,
    CredentialsRejected,
    Forbidden,
    InvalidResponse,
    NotFound,
    NotSupported,
    ReanaError,
    TooManyRequests,
    TooSlow,
    Unreachable,
)

MESSAGE_LIMIT = 500
SERVER_ERRORS = 500

_BY_STATUS: dict[int, type[ReanaError]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: CredentialsRejected,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.METHOD_NOT_ALLOWED: NotSupported,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BadRequest,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
    HTTPStatus.NOT_IMPLEMENTED: NotSupported,
    HTTPStatus.GATEWAY_TIMEOUT: TooSlow,
}
_GATEWAYS = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""Statuses of a gateway without a response from REANA, which may have done the request."""

_INTERNAL = re.compile(
    r"psycopg|sqlalche|sqlite3\.|\[SQL:|violates [\w-]+(?: [\w-]+)? constraint|deadlock detected"
    r"|\binsert into [\w.\"]+ *\(|\bupdate [\w.\"]+ set [\w.\"]+ *=|\bdelete from [\w.\"]+ where\b"
    r"|\bselect\b.+\bfrom [\w.\"]+\s+(?:where|join|limit|order by)\b"
    r"|traceback \(most recent call last\)|\.py\", line \d|failed validating '"
    r"|connectionpool\(|httpheaderdict\(|\bat 0x[0-9a-f]{6,}",
    re.IGNORECASE | re.DOTALL,
)
"""Messages that leak internals: SQL, stack traces, addresses of internal services."""

# REANA uses 403 for many errors besides permissions; only the message tells them apart.
_BY_WORDS_OF_403: tuple[tuple[str, type[ReanaError]], ...] = (
    ("token not valid", CredentialsRejected),
    ("token revoked", CredentialsRejected),
    ("not signed in", CredentialsRejected),
    ("does not exist", NotFound),
    ("cannot be started again", Conflict),
    ("illegal character", BadRequest),
)


def error_for(status: int, body: bytes, *, subject: str = "") -> ReanaError:
    """Return the exception for an error response; `subject` names the requested resource."""
    message = _message(body)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return InvalidResponse(
            "The server redirects to another address. Check that this is the address of a REANA server."
        )
    kind = _kind(status, message)
    if kind is CredentialsRejected:
        return CredentialsRejected(f"REANA rejected the access token ({message or status}).")
    if kind is NotFound:
        return NotFound(_internal(status) if _INTERNAL.search(message) else _not_found(message, subject))
    if kind is TooManyRequests:
        return TooManyRequests("REANA received too many requests. Try again in a moment.")
    unanswered = status in _GATEWAYS
    if _INTERNAL.search(message):
        return kind(_internal(status), unanswered=unanswered, detail=message)
    return kind(message or f"REANA returned error {status} without a message.", unanswered=unanswered)


def _internal(status: int) -> str:
    return (
        f"The REANA server had an internal error (HTTP {status}). Try again. If the problem persists, "
        "contact the server's administrator."
    )


def _kind(status: int, message: str) -> type[ReanaError]:
    if status == HTTPStatus.FORBIDDEN:
        lowered = message.lower()
        return next((kind for words, kind in _BY_WORDS_OF_403 if words in lowered), Forbidden)
    return _BY_STATUS.get(status, Unreachable if status >= SERVER_ERRORS else Forbidden)


def _not_found(message: str, subject: str) -> str:
    # REANA's message mentions an environment variable of its command line, which browser users do not have.
    if subject and ("REANA_WORKON" in message or not message):
        return f"The workflow {subject} does not exist."
    return message or "REANA did not find the requested resource."


def _message(body: bytes) -> str:
    """Return REANA's message; '' for HTML or truncated bodies."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    words = answer.get("message") if isinstance(answer, dict) else None
    return words[:MESSAGE_LIMIT] if isinstance(words, str) else ""
