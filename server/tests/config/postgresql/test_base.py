"""A PostgreSQL connection in use is not checked before each request; a terminated connection is replaced."""

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from user_workspaces.accounts.models import User
from user_workspaces.config.postgresql import base
from user_workspaces.config.wsgi import application
from user_workspaces.testing.waiting import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the tests run on another database"),
]


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """Another connection to the same database."""
    found = connection.copy()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def asked() -> None:
    """Open a new connection for this thread, and run one query on it."""
    connection.close()
    begin()


def fetch(wrapper: BaseDatabaseWrapper, sql: str, *parameters: str | int) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def begin() -> int:
    """Begin a request as Django does, run a query, and return the PID of the database's process."""
    connection.close_if_unusable_or_obsolete()
    return int(fetch(connection, "SELECT pg_backend_pid() /* ours */"))


def last_query(other: BaseDatabaseWrapper, pid: int) -> str:
    return str(fetch(other, "SELECT query FROM pg_stat_activity WHERE pid = %s", pid))


def end(other: BaseDatabaseWrapper, pid: int) -> None:
    """Terminate a process of the database, as its restart does, and wait until it has ended."""
    assert fetch(other, "SELECT pg_terminate_backend(%s)", pid)
    eventually(lambda: fetch(other, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid) == 0)


def look() -> None:
    """Begin a request as Django does, up to its first query."""
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()


def test_connection_in_use_is_not_checked(other: BaseDatabaseWrapper) -> None:
    begin()
    pid = begin()
    look()
    assert last_query(other, pid).endswith("/* ours */")


def test_idle_connection_is_checked(other: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = begin()
    monkeypatch.setattr(base, "TRUSTED_SECONDS", 0.0)
    look()
    assert last_query(other, pid) == "SELECT 1"
    assert begin() == pid


def test_connection_terminated_by_the_server_is_replaced(other: BaseDatabaseWrapper) -> None:
    first = begin()
    end(other, first)
    assert begin() != first


def test_notification_does_not_end_the_connection(other: BaseDatabaseWrapper) -> None:
    pid = begin()
    fetch(connection, "SELECT set_config('client_min_messages', 'notice', false)")
    with connection.cursor() as cursor:
        cursor.execute("LISTEN word")
    fetch(other, "SELECT 1 FROM pg_notify('word', 'x')")
    eventually(lambda: not connection._is_silent())  # type: ignore[attr-defined]  # ours
    look()
    assert last_query(other, pid) == "SELECT 1"
    assert begin() == pid


def test_connection_closed_by_this_process_is_replaced() -> None:
    first = begin()
    connection.connection.close()
    assert begin() != first


def test_requests_succeed_after_their_connection_was_terminated(
    other: BaseDatabaseWrapper, make_user: Callable[[str], User], token_of: Callable[[User], str]
) -> None:
    token = token_of(make_user("ada"))
    assert [jobs(token), jobs(token)] == [0, 0]
    end(other, int(fetch(connection, "SELECT pg_backend_pid()")))
    assert [jobs(token), jobs(token)] == [0, 0]


def jobs(token: str) -> int:
    """Request the list of jobs through WSGI, from the start to the end of a request; return its total."""
    told: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/jobs/",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "HTTP_UWS_AUTHORIZATION": f"Token {token}",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }
    response = application(environ, lambda status, _fields, _problem=None: told.append(status))  # type: ignore[arg-type]  # `write` is not used
    body = orjson.loads(response.content)  # type: ignore[attr-defined]  # it does not stream
    response.close()
    assert told == ["200 OK"], body
    return int(body["data"]["total"])
