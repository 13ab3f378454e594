"""Whom and what the work of this moment is for: every log line that is written meanwhile says so by itself."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

# As others make them (UUIDs, hex, trace ids); nothing that could be one of our tokens.
WELL_FORMED = re.compile(r"(?!uws_)[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What the work is about; empty or None: not known, or about nobody in particular."""

    request: str = ""
    """The mark of the request: `X-Request-ID`."""
    user: int | None = None
    job: int | None = None
    on_user: Callable[[], None] | None = None
    """Called, in any thread, as soon as it is known for which person the request is."""


_NOBODY = Subject()
_subject: ContextVar[Subject] = ContextVar("subject", default=_NOBODY)


def subject() -> Subject:
    """Return what the work of this moment is about."""
    return _subject.get()


@contextmanager
def bind_context(
    *,
    request: str | None = None,
    user: int | None = None,
    job: int | None = None,
    on_user: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Say what the work inside is about; what is not given stays as it is."""
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
    """Say for whom the request of this moment is, as soon as that is known."""
    subject = _subject.get()
    _subject.set(replace(subject, user=user))
    if subject.on_user is not None:
        subject.on_user()


def new_request_id() -> str:
    """Return a mark for something that goes on: 16 hex digits."""
    return secrets.token_hex(8)


def current_request_id() -> str:
    """Return the mark of the request of this moment, or a new one where there is none: for people to quote."""
    return subject().request or new_request_id()


def accepted_request_id(sent: str) -> str:
    """Return the mark that a client sent, if it is one; else a new one."""
    return sent if WELL_FORMED.fullmatch(sent) else new_request_id()
