"""Context of the current work: request, user and job, which are added to each log line."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

# UUIDs, hex numbers and trace ids, but nothing that could be one of our tokens.
WELL_FORMED = re.compile(r"(?!uws_)[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


@dataclass(frozen=True, slots=True)
class Subject:
    """The context of log lines; empty or None if unknown."""

    request: str = ""
    """The request ID: `X-Request-ID`."""
    user: int | None = None
    job: int | None = None
    on_user: Callable[[], None] | None = None
    """Called in any thread as soon as the request is authenticated."""


_EMPTY = Subject()
_subject: ContextVar[Subject] = ContextVar("subject", default=_EMPTY)


def subject() -> Subject:
    """Return the current context."""
    return _subject.get()


@contextmanager
def bind_context(
    *,
    request: str | None = None,
    user: int | None = None,
    job: int | None = None,
    on_user: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Set parts of the context for a block; the others are unchanged."""
    outer = _subject.get()
    inner = Subject(
        request=outer.request if request is None else request,
        user=outer.user if user is None else user,
        job=outer.job if job is None else job,
        on_user=outer.on_user if on_user is None else on_user,
    )
    before = _subject.set(inner)
    try:
        yield
    finally:
        _subject.reset(before)


def bind_user(user: int) -> None:
    """Set the user of the current request after its authentication."""
    subject = _subject.get()
    _subject.set(replace(subject, user=user))
    if subject.on_user is not None:
        subject.on_user()


def new_request_id() -> str:
    """Return a new request ID: 16 hex digits."""
    return secrets.token_hex(8)


def current_request_id() -> str:
    """Return the current request ID, or a new one, for users to quote."""
    return subject().request or new_request_id()


def accepted_request_id(sent: str) -> str:
    """Return the request ID of the client if it is well formed, else a new one."""
    return sent if WELL_FORMED.fullmatch(sent) else new_request_id()
