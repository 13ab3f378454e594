"""What REANA's error answers mean: status and message into one of our errors."""

import json
import re
from http import HTTPStatus

from .errors import (
    BadRequest,
    Conflict,
    CredentialsRefused,
    NonsenseAnswer,
    NotFound,
    NotOffered,
    ReanaError,
    Refused,
    TooManyRequests,
    TooSlow,
    Unreachable,
)

MESSAGE_LIMIT = 500
SERVER_ERRORS = 500

_BY_STATUS: dict[int, type[ReanaError]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: CredentialsRefused,
    HTTPStatus.FORBIDDEN: Refused,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.METHOD_NOT_ALLOWED: NotOffered,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BadRequest,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
    HTTPStatus.NOT_IMPLEMENTED: NotOffered,
    HTTPStatus.GATEWAY_TIMEOUT: TooSlow,
}
_GATEWAYS = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""A gateway says that it got no answer; what was asked may have been done."""

_INNER = re.compile(
    r"psycopg|sqlalche|sqlite3\.|\[SQL:|violates [\w-]+(?: [\w-]+)? constraint|deadlock detected"
    r"|\binsert into [\w.\"]+ *\(|\bupdate [\w.\"]+ set [\w.\"]+ *=|\bdelete from [\w.\"]+ where\b"
    r"|\bselect\b.+\bfrom [\w.\"]+\s+(?:where|join|limit|order by)\b"
    r"|traceback \(most recent call last\)|\.py\", line \d|failed validating '"
    r"|connectionpool\(|httpheaderdict\(|\bat 0x[0-9a-f]{6,}",
    re.IGNORECASE | re.DOTALL,
)
"""What a server says only when something broke inside: SQL, stack traces, addresses of its own services."""

# REANA says 403 for much that is not about permission; only its words tell.
_BY_WORDS_OF_403: tuple[tuple[str, type[ReanaError]], ...] = (
    ("token not valid", CredentialsRefused),
    ("token revoked", CredentialsRefused),
    ("not signed in", CredentialsRefused),
    ("does not exist", NotFound),
    ("cannot be started again", Conflict),
    ("illegal character", BadRequest),
)


def error_for(status: int, body: bytes, *, subject: str = "") -> ReanaError:
    """Return the error for an answer that is not a success; `subject` names what was asked about."""
    message = _message(body)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return NonsenseAnswer("The server sends us elsewhere: is this the address of a REANA server?")
    kind = _kind(status, message)
    if kind is CredentialsRefused:
        return CredentialsRefused(f"REANA does not accept the access token ({message or status}).")
    if kind is NotFound:
        return NotFound(_internal(status) if _INNER.search(message) else _not_found(message, subject))
    if kind is TooManyRequests:
        return TooManyRequests("REANA asks to wait: too many requests in a short time. Try again in a moment.")
    unanswered = status in _GATEWAYS
    if _INNER.search(message):
        return kind(_internal(status), unanswered=unanswered, detail=message)
    return kind(message or f"REANA answered with the error {status} and did not say why.", unanswered=unanswered)


def _internal(status: int) -> str:
    return (
        f"The REANA server had an internal error (HTTP {status}). Try again; if it stays, tell the server's "
        "administrator."
    )


def _kind(status: int, message: str) -> type[ReanaError]:
    if status == HTTPStatus.FORBIDDEN:
        lowered = message.lower()
        return next((kind for words, kind in _BY_WORDS_OF_403 if words in lowered), Refused)
    return _BY_STATUS.get(status, Unreachable if status >= SERVER_ERRORS else Refused)


def _not_found(message: str, subject: str) -> str:
    # REANA speaks of an environment variable of its command line here; a person in a browser has none.
    if subject and ("REANA_WORKON" in message or not message):
        return f"The workflow {subject} does not exist."
    return message or "REANA does not know what was asked for."


def _message(body: bytes) -> str:
    """Return REANA's own words; a page of HTML or half an answer has none."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    words = answer.get("message") if isinstance(answer, dict) else None
    return words[:MESSAGE_LIMIT] if isinstance(words, str) else ""
