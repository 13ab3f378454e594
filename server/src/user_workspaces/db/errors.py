"""Translates errors of databases and of the system into the errors of this server, by their codes.

SQLite names its codes in "Result and Error Codes", PostgreSQL in its appendix "PostgreSQL Error Codes".
"""

import errno
import logging
import sqlite3
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

from user_workspaces.errors import DiskFull, TemporarilyUnavailable, UserWorkspacesError
from user_workspaces.observability.warning_log import WARNINGS

logger = logging.getLogger(__name__)

Kind = type[DiskFull] | type[TemporarilyUnavailable]
FULL, AWAY = DiskFull, TemporarilyUnavailable

SQLITE: dict[int, Kind] = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,  # no space for the shared-memory file beside the database
    sqlite3.SQLITE_BUSY: AWAY,
    sqlite3.SQLITE_LOCKED: AWAY,
    sqlite3.SQLITE_PROTOCOL: AWAY,
    sqlite3.SQLITE_IOERR: AWAY,
    sqlite3.SQLITE_READONLY: AWAY,
    sqlite3.SQLITE_CANTOPEN: AWAY,
    sqlite3.SQLITE_NOMEM: AWAY,
}
"""Primary codes, which stand for their extended codes, and extended codes that differ from theirs."""
# The low byte of an extended code is its primary code.
PRIMARY = 0xFF
POSTGRESQL: dict[str, Kind] = {
    "53100": FULL,
    "53": AWAY,  # too many connections, no memory
    "08": AWAY,  # connection errors
    "57": AWAY,  # it starts or stops, or a query took too long
    "58": AWAY,  # I/O errors
    "40": AWAY,  # deadlocks and failed serialization
    "55P03": AWAY,  # a lock was not available in time
    "25006": AWAY,  # read-only: a standby server
}
"""SQLSTATEs, and their classes (the first two characters)."""
SYSTEM: dict[int, Kind] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: AWAY,
}
MESSAGES: dict[Kind, str] = {
    FULL: "The server's disk is full, so nothing can be stored. Delete files, or contact the server's operators.",
    AWAY: "The server cannot use its database now. Try again in a few seconds.",
}


def translated(error: BaseException) -> BaseException:
    """Return the error of this server for an error in the tables, else the same error.

    The causes of an error count, too, because Django wraps the error when it cannot store a session. The log has one
    line once in a while, because a full disk must not fill the log.
    """
    if isinstance(error, UserWorkspacesError):
        return error
    for one in _chain(error):
        kind = _kind(one)
        if kind is not None:
            WARNINGS.warn(logger, f"{type(one).__name__} reported as {kind.__name__}", str(one))
            return kind(MESSAGES[kind])
    return error


class HandledErrorFilter(logging.Filter):
    """Drops the log records of errors that `translated` logs; Django would log a traceback for each request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True to keep a record."""
        error = record.exc_info[1] if record.exc_info else None
        return error is None or translated(error) is error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    # A chain can be circular, because code may set `__cause__` freely.
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _kind(error: BaseException) -> Kind | None:
    """Return the kind of one error; None: it is not in the tables. Errors of Django have the driver's as cause."""
    if isinstance(error, OSError):
        return SYSTEM.get(error.errno or 0)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        return SQLITE.get(code) or SQLITE.get(code & PRIMARY)
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return POSTGRESQL.get(state) or POSTGRESQL.get(state[:2])
    # psycopg has no SQLSTATE for a connection that was lost or refused.
    is_of_connection = isinstance(error, OperationalError | InterfaceError) and hasattr(error.__cause__, "sqlstate")
    return AWAY if is_of_connection and getattr(error.__cause__, "sqlstate", None) is None else None
