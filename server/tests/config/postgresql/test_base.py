"""A connection to PostgreSQL that is in use is not asked anything; one that the server has ended is replaced."""

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
    """The connection of this thread was made and asked for once."""
    connection.close()
    begin()


def fetch(wrapper: BaseDatabaseWrapper, sql: str, *parameters: str | int) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def begin() -> int:
    """Do what a request begins with, and a query; return the process of the server."""
    connection.close_if_unusable_or_obsolete()
    return int(fetch(connection, "SELECT pg_backend_pid() /* ours */"))


def last_query(other: BaseDatabaseWrapper, pid: int) -> str:
    return str(fetch(other, "SELECT query FROM pg_stat_activity WHERE pid = %s", pid))


def end(other: BaseDatabaseWrapper, pid: int) -> None:
    """End a process of the server, as its restart does, and wait until it is gone."""
    assert fetch(other, "SELECT pg_terminate_backend(%s)", pid)
    eventually(lambda: fetch(other, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid) == 0)


def look() -> None:
    """Do what a request begins with, up to its first query."""
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()


def test_connection_in_use_is_not_asked(other: BaseDatabaseWrapper) -> None:
    begin()
    pid = begin()
    look()
    assert last_query(other, pid).endswith("/* ours */")


def test_connection_that_rested_is_asked(other: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = begin()
    monkeypatch.setattr(base, "TRUSTED_SECONDS", 0.0)
    look()
    assert last_query(other, pid) == "SELECT 1"
    assert begin() == pid


def test_connection_that_the_server_ended_is_replaced(other: BaseDatabaseWrapper) -> None:
    first = begin()
    end(other, first)
    assert begin() != first


def test_word_of_the_server_that_is_no_end_is_read(other: BaseDatabaseWrapper) -> None:
    pid = begin()
    fetch(connection, "SELECT set_config('client_min_messages', 'notice', false)")
    with connection.cursor() as cursor:
        cursor.execute("LISTEN word")
    fetch(other, "SELECT 1 FROM pg_notify('word', 'x')")
    eventually(lambda: not connection._is_silent())  # type: ignore[attr-defined]  # ours
    look()
    assert last_query(other, pid) == "SELECT 1"
    assert begin() == pid


def test_connection_that_was_closed_by_ourselves_is_replaced() -> None:
    first = begin()
    connection.connection.close()
    assert begin() != first


def test_requests_go_on_after_the_server_has_ended_their_connections(
    other: BaseDatabaseWrapper, make_user: Callable[[str], User], token_of: Callable[[User], str]
) -> None:
    token = token_of(make_user("ada"))
    assert [jobs(token), jobs(token)] == [0, 0]
    end(other, int(fetch(connection, "SELECT pg_backend_pid()")))
    assert [jobs(token), jobs(token)] == [0, 0]


def jobs(token: str) -> int:
    """Ask for the jobs as the server does, with what comes before and after a request; return how many there are."""
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
    response = application(environ, lambda status, _fields, _problem=None: told.append(status))  # type: ignore[arg-type]  # nothing is written the old way
    body = orjson.loads(response.content)  # type: ignore[attr-defined]  # it does not stream
    response.close()
    assert told == ["200 OK"], body
    return int(body["data"]["total"])
