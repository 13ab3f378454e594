"""Translation of errors of databases and of the system; other errors are not translated."""

import errno
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import InterfaceError, OperationalError

from user_workspaces.db import errors as database_errors
from user_workspaces.db.errors import HandledErrorFilter, translated
from user_workspaces.errors import DiskFull, NotFound, TemporarilyUnavailable
from user_workspaces.observability.warning_log import WarningLog


@pytest.fixture(autouse=True)
def warnings_logged(monkeypatch: pytest.MonkeyPatch) -> WarningLog:
    found = WarningLog()
    monkeypatch.setattr(database_errors, "WARNINGS", found)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "database"
    with closing(sqlite3.connect(found, isolation_level=None)) as database:
        database.execute("CREATE TABLE t(x)")
    return found


def lock(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as one, closing(sqlite3.connect(path, timeout=0)) as two:
        one.execute("BEGIN EXCLUSIVE")
        two.execute("INSERT INTO t VALUES (1)")


def lock_a_table(path: Path) -> None:
    shared = f"file:{path}?cache=shared"
    with closing(sqlite3.connect(shared, uri=True, isolation_level=None)) as one:
        one.execute("BEGIN IMMEDIATE")
        one.execute("INSERT INTO t VALUES (1)")
        with closing(sqlite3.connect(shared, uri=True, timeout=0)) as two:
            two.execute("SELECT * FROM t").fetchall()


def fill(path: Path) -> None:
    with closing(sqlite3.connect(path)) as one:
        one.execute("PRAGMA max_page_count = 2")
        one.execute("INSERT INTO t VALUES (zeroblob(100000))")


def write_what_is_read_only(path: Path) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as one:
        one.execute("INSERT INTO t VALUES (1)")


def open_what_cannot_be(path: Path) -> None:
    sqlite3.connect(path / "below").close()


def make_a_mistake(path: Path) -> None:
    with closing(sqlite3.connect(path)) as one:
        one.execute("SELECT nothing FROM nowhere")


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (lock, TemporarilyUnavailable),
        (lock_a_table, TemporarilyUnavailable),
        (fill, DiskFull),
        (write_what_is_read_only, TemporarilyUnavailable),
        (open_what_cannot_be, TemporarilyUnavailable),
        (make_a_mistake, sqlite3.OperationalError),
    ],
)
def test_errors_of_sqlite(path: Path, cause: Callable[[Path], None], kind: type[Exception]) -> None:
    with pytest.raises(sqlite3.OperationalError) as raised:
        cause(path)
    assert type(translated(raised.value)) is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, TemporarilyUnavailable),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DiskFull),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, TemporarilyUnavailable),
        (sqlite3.SQLITE_CONSTRAINT, sqlite3.OperationalError),
    ],
)
def test_codes_of_sqlite(code: int, kind: type[Exception]) -> None:
    error = sqlite3.OperationalError("said")
    error.sqlite_errorcode = code
    assert type(translated(error)) is kind


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", DiskFull),
        *((state, TemporarilyUnavailable) for state in ("53300", "53200", "08006", "57P01", "57P03", "57014", "58030")),
        *((state, TemporarilyUnavailable) for state in ("40P01", "40001", "55P03", "25006")),
        *((state, psycopg.Error) for state in ("23505", "42P01", "22001", "25001", "55006")),
    ],
)
def test_states_of_postgresql(state: str, kind: type[Exception]) -> None:
    assert isinstance(translated(psycopg.errors.lookup(state)("said")), kind)


@pytest.mark.parametrize("wrapper", [OperationalError, InterfaceError])
def test_lost_connection_to_postgresql_has_no_state(wrapper: type[Exception]) -> None:
    error = wrapper("connection refused")
    error.__cause__ = psycopg.OperationalError("connection refused")
    assert isinstance(translated(error), TemporarilyUnavailable)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, TemporarilyUnavailable),
        (errno.EACCES, PermissionError),
        (errno.ECONNRESET, ConnectionResetError),
    ],
)
def test_errors_of_the_system(number: int, kind: type[Exception]) -> None:
    assert isinstance(translated(OSError(number, "said")), kind)


def test_cause_of_an_error_is_translated() -> None:
    """Django raises such an error when it cannot store a session."""
    error, cause = LookupError("the session was deleted"), OSError(errno.ENOSPC, "full")
    error.__context__ = cause
    assert isinstance(translated(error), DiskFull)


def test_cycle_of_causes_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    assert translated(one) is one


def test_own_errors_are_not_translated() -> None:
    error = NotFound("nothing here")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    assert translated(error) is error


def test_translated_error_is_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        translated(OSError(errno.ENOSPC, "full"))
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.WARNING


def record(error: BaseException | None) -> logging.LogRecord:
    about = (type(error), error, None) if error is not None else None
    return logging.LogRecord("django.request", logging.ERROR, "", 0, "said", None, about)


def test_translated_error_has_no_traceback_in_the_log() -> None:
    kept = [
        HandledErrorFilter().filter(record(error))
        for error in (None, ValueError("ours"), OSError(errno.ENOSPC, "full"))
    ]
    assert kept == [True, True, False]
