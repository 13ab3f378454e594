"""What an error below us means for a request: the one table from codes of databases and of the system to our errors.

SQLite names its codes in "Result and Error Codes", PostgreSQL in its appendix "PostgreSQL Error Codes".
"""

import errno
import logging
import sqlite3
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

from user_workspaces.errors import DiskFull, TemporarilyUnavailable, UserWorkspacesError
from user_workspaces.observability.warning_log import REFUSALS

logger = logging.getLogger(__name__)

Kind = type[DiskFull] | type[TemporarilyUnavailable]
FULL, AWAY = DiskFull, TemporarilyUnavailable

SQLITE: dict[int, Kind] = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: FULL,  # there is no room for the file beside it that its readers share
    sqlite3.SQLITE_BUSY: AWAY,
    sqlite3.SQLITE_LOCKED: AWAY,
    sqlite3.SQLITE_PROTOCOL: AWAY,
    sqlite3.SQLITE_IOERR: AWAY,
    sqlite3.SQLITE_READONLY: AWAY,
    sqlite3.SQLITE_CANTOPEN: AWAY,
    sqlite3.SQLITE_NOMEM: AWAY,
}
"""Primary codes, each for all of its extended ones, and extended codes that differ."""
PRIMARY = 0xFF
POSTGRESQL: dict[str, Kind] = {
    "53100": FULL,
    "53": AWAY,  # too many connections, no memory
    "08": AWAY,  # the connection
    "57": AWAY,  # it ends or begins; a query took too long
    "58": AWAY,  # its files
    "40": AWAY,  # deadlocks and the like
    "55P03": AWAY,  # a lock was not to be had in time
    "25006": AWAY,  # it takes no writes: a standby, or one that protects itself
}
"""SQLSTATEs, and classes of them (their first two characters)."""
SYSTEM: dict[int, Kind] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: AWAY,
}
MESSAGES: dict[Kind, str] = {
    FULL: "The disk of the server is full, so nothing can be stored. Delete files, or tell its operators.",
    AWAY: "The server cannot use its database now. Try again in a few seconds.",
}


def translated(error: BaseException) -> BaseException:
    """Return the error that a request is answered with: ours where the table has one, else the same.

    Django raises errors of its own where storing a session failed, so what led to an error is looked at, too. It is
    logged in one line, once in a while: a full disk must not fill the log.
    """
    if isinstance(error, UserWorkspacesError):
        return error
    for one in _chain(error):
        kind = _kind(one)
        if kind is not None:
            REFUSALS.warn(logger, f"{type(one).__name__} answered as {kind.__name__}", str(one))
            return kind(MESSAGES[kind])
    return error


class HandledErrorFilter(logging.Filter):
    """Leaves out what is told by `translated`: Django has a traceback for each request, and a line for each 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is kept."""
        error = record.exc_info[1] if record.exc_info else None
        return error is None or translated(error) is error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _kind(error: BaseException) -> Kind | None:
    """Return what one error means; None: it is not of the table. Django's own have the driver's as their cause."""
    if isinstance(error, OSError):
        return SYSTEM.get(error.errno or 0)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        return SQLITE.get(code) or SQLITE.get(code & PRIMARY)
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return POSTGRESQL.get(state) or POSTGRESQL.get(state[:2])
    is_of_connection = isinstance(error, OperationalError | InterfaceError) and hasattr(error.__cause__, "sqlstate")
    return AWAY if is_of_connection and getattr(error.__cause__, "sqlstate", None) is None else None
