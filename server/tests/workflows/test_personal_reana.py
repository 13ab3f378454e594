"""External REANA servers: stored after a check, with errors for invalid, slow and unreachable ones."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from support.server_process import wait_for
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest, TooManyAttempts
from user_workspaces.registry import Registry
from user_workspaces.workflows import personal_reana
from user_workspaces.workflows.models import PersonalReana
from user_workspaces.workflows.personal_reana import checked_address, forget_reana, personal_reana_of, store_reana

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-token-of-another-place"
NOW = timezone.now()


class ExternalReana:
    """A server with configurable responses."""

    def __init__(self) -> None:
        self.status, self.body = 200, json.dumps({"email": "ada@example.org"}).encode()
        self.headers: dict[str, str] = {}
        self.hangs, self.released = False, Event()
        self.requested: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requested.append(self.path)
                if outer.hangs:
                    outer.released.wait(60)
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=[0.01], daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def external(site: Registry) -> Iterator[ExternalReana]:
    """An external REANA server at an allowed address."""
    known = registry.site()
    allowed = replace(known.workflows, reana_elsewhere=("https://*", "http://127.0.0.1:*"))
    registry.install(site, replace(known, workflows=allowed))
    server = ExternalReana()
    yield server
    server.stop()


def store(user: User, server: str, token: str = TOKEN) -> None:
    store_reana(user=user, server=server, access_token=token, now=NOW)


def test_checked_token_is_stored_encrypted(external: ExternalReana, make_user: Callable[..., User]) -> None:
    store(make_user(), f"{external.url}/ ")
    assert external.requested == [f"/api/you?access_token={TOKEN}"]
    found = personal_reana_of(make_user().pk)
    assert found is not None
    assert (found.server, found.access_token) == (external.url, TOKEN)
    assert personal_reana_of(make_user("grace").pk) is None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT access_token FROM {PersonalReana._meta.db_table}")  # noqa: S608  our own name
        assert TOKEN not in cursor.fetchone()[0]


def test_second_server_replaces_first_and_can_be_deleted(
    external: ExternalReana, make_user: Callable[..., User]
) -> None:
    store(make_user(), external.url)
    store(make_user(), external.url, "another")
    assert [one.access_token for one in PersonalReana.objects.all()] == ["another"]
    assert [forget_reana(user=make_user()), forget_reana(user=make_user())] == [True, False]
    assert personal_reana_of(make_user().pk) is None


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"{}", "This REANA server rejected the token."),
        (403, TOKEN.encode(), "This REANA server rejected the token."),
        (200, b"<html>" + TOKEN.encode(), personal_reana.NO_REANA),
        (200, b'{"email"', personal_reana.NO_REANA),
        (200, b'["email"]', personal_reana.NO_REANA),
        (200, b'{"email": 1}', personal_reana.NO_REANA),
        (200, b"x" * 1_000_000, personal_reana.NO_REANA),
        (500, b'{"email": "a"}', personal_reana.NO_REANA),
        (302, b'{"email": "a"}', personal_reana.NO_REANA),
    ],
)
def test_server_that_fails_check_is_not_stored(
    external: ExternalReana, make_user: Callable[..., User], status: int, body: bytes, said: str
) -> None:
    external.status, external.body, external.headers = status, body, {"Location": f"{external.url}/elsewhere"}
    with pytest.raises(InvalidRequest) as refused:
        store(make_user(), external.url)
    assert refused.value.message == said
    assert len(external.requested) == 1, "the redirect is not followed"
    assert not PersonalReana.objects.exists()


def test_check_of_slow_server_times_out(
    external: ExternalReana, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_reana, "ALL_SECONDS", 0.2)
    external.hangs = True
    with pytest.raises(InvalidRequest, match="did not respond in time"):
        store(make_user(), external.url)
    assert not PersonalReana.objects.exists()


def test_unreachable_server_is_reported(external: ExternalReana, make_user: Callable[..., User]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        store(make_user(), "http://127.0.0.1:1")
    assert refused.value.message == personal_reana.UNREACHABLE


def test_concurrent_checks_are_limited(
    external: ExternalReana, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_reana, "_asking", BoundedSemaphore(1))
    monkeypatch.setattr(personal_reana, "ALL_SECONDS", 0.2)
    external.hangs = True
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="did not respond in time"):
            store(make_user(), external.url)
    wait_for(lambda: len(external.requested) == 1, within=60)
    external.released.set()
    monkeypatch.setattr(personal_reana, "ALL_SECONDS", 60)
    assert personal_reana._asking.acquire(timeout=60), "the slot of a hanging check is released"
    personal_reana._asking.release()
    store(make_user(), external.url)


@pytest.mark.parametrize("token", ["", "a\nb", "ä", "x" * 1_001])
def test_malformed_token_is_not_sent(external: ExternalReana, make_user: Callable[..., User], token: str) -> None:
    with pytest.raises(InvalidRequest):
        store(make_user(), external.url, token)
    assert external.requested == []


@pytest.mark.parametrize(
    "address",
    [
        "", "reana.example.org", "ftp://reana.example.org", "https://", "https://user@host", "https://host?a=b",
        "https://host#a", "https://ho st", "https://host:0", "https://host:x", "https://[::1", "https://host\x00",
        f"https://{'h' * 500}",
    ],
)  # fmt: skip
def test_invalid_address_is_rejected(site: Registry, address: str) -> None:
    with pytest.raises(InvalidRequest, match="looks like"):
        checked_address(address)


@pytest.mark.parametrize("address", ["http://reana.example.org", "http://127.0.0.1:80", "http://localhost"])
def test_plain_http_requires_configuration(site: Registry, address: str) -> None:
    with pytest.raises(InvalidRequest, match="do not allow"):
        checked_address(address)


def test_site_can_allow_single_address(site: Registry) -> None:
    known = registry.site()
    registry.install(
        site, replace(known, workflows=replace(known.workflows, reana_elsewhere=("https://reana.example.org",)))
    )
    assert checked_address("https://REANA.example.org/") == "https://REANA.example.org"
    with pytest.raises(InvalidRequest):
        checked_address("https://reana.example.org.evil.example")


def test_attempts_are_rate_limited(external: ExternalReana, make_user: Callable[..., User]) -> None:
    external.status = 403
    limit = registry.site().rate_limits.log_ins_per_account.attempts
    for _ in range(limit):
        with pytest.raises(InvalidRequest):
            store(make_user(), external.url)
    with pytest.raises(TooManyAttempts):
        store(make_user(), external.url)
    assert len(external.requested) == limit
