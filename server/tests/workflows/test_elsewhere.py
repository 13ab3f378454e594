"""A REANA elsewhere: what is kept after it was asked, and what is said of those that lie, hang or refuse."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from running import wait_for
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest, TooManyAttempts
from user_workspaces.registry import Registry
from user_workspaces.workflows import elsewhere
from user_workspaces.workflows.elsewhere import checked_address, forget_reana, reana_elsewhere, store_reana
from user_workspaces.workflows.models import PersonalReana

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-token-of-another-place"
NOW = timezone.now()


class Elsewhere:
    """A server that answers as the test says."""

    def __init__(self) -> None:
        self.status, self.body = 200, json.dumps({"email": "ada@example.org"}).encode()
        self.headers: dict[str, str] = {}
        self.hangs, self.released = False, Event()
        self.asked: list[str] = []
        here = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                here.asked.append(self.path)
                if here.hangs:
                    here.released.wait(60)
                self.send_response(here.status)
                for name, value in here.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(here.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
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
def there(site: Registry) -> Iterator[Elsewhere]:
    """A REANA elsewhere, whose address the operators allow."""
    known = registry.site()
    allowed = replace(known.workflows, reana_elsewhere=("https://*", "http://127.0.0.1:*"))
    registry.install(site, replace(known, workflows=allowed))
    server = Elsewhere()
    yield server
    server.stop()


def store(user: User, server: str, token: str = TOKEN) -> None:
    store_reana(user=user, server=server, access_token=token, now=NOW)


def test_what_was_asked_is_kept_encrypted(there: Elsewhere, person: Callable[..., User]) -> None:
    store(person(), f"{there.url}/ ")
    assert there.asked == [f"/api/you?access_token={TOKEN}"]
    found = reana_elsewhere(person().pk)
    assert found is not None
    assert (found.server, found.access_token) == (there.url, TOKEN)
    assert reana_elsewhere(person("grace").pk) is None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT access_token FROM {PersonalReana._meta.db_table}")  # noqa: S608  our own name
        assert TOKEN not in cursor.fetchone()[0]


def test_another_one_takes_its_place_and_none_is_left_when_it_is_forgotten(
    there: Elsewhere, person: Callable[..., User]
) -> None:
    store(person(), there.url)
    store(person(), there.url, "another")
    assert [one.access_token for one in PersonalReana.objects.all()] == ["another"]
    assert [forget_reana(user=person()), forget_reana(user=person())] == [True, False]
    assert reana_elsewhere(person().pk) is None


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"{}", "This REANA does not accept the token."),
        (403, TOKEN.encode(), "This REANA does not accept the token."),
        (200, b"<html>" + TOKEN.encode(), elsewhere.NO_REANA),
        (200, b'{"email"', elsewhere.NO_REANA),
        (200, b'["email"]', elsewhere.NO_REANA),
        (200, b'{"email": 1}', elsewhere.NO_REANA),
        (200, b"x" * 1_000_000, elsewhere.NO_REANA),
        (500, b'{"email": "a"}', elsewhere.NO_REANA),
        (302, b'{"email": "a"}', elsewhere.NO_REANA),
    ],
)
def test_what_does_not_take_the_token_is_not_kept(
    there: Elsewhere, person: Callable[..., User], status: int, body: bytes, said: str
) -> None:
    there.status, there.body, there.headers = status, body, {"Location": f"{there.url}/elsewhere"}
    with pytest.raises(InvalidRequest) as refused:
        store(person(), there.url)
    assert refused.value.message == said
    assert len(there.asked) == 1, "nobody is led on"
    assert not PersonalReana.objects.exists()


def test_who_hangs_is_given_up(there: Elsewhere, person: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "ALL_SECONDS", 0.2)
    there.hangs = True
    with pytest.raises(InvalidRequest, match="did not answer in time"):
        store(person(), there.url)
    assert not PersonalReana.objects.exists()


def test_where_nobody_is_that_is_said(there: Elsewhere, person: Callable[..., User]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        store(person(), "http://127.0.0.1:1")
    assert refused.value.message == elsewhere.UNREACHABLE


def test_a_few_are_asked_at_once(
    there: Elsewhere, person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "_asking", BoundedSemaphore(1))
    monkeypatch.setattr(elsewhere, "ALL_SECONDS", 0.2)
    there.hangs = True
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="did not answer in time"):
            store(person(), there.url)
    wait_for(lambda: len(there.asked) == 1, within=60)
    there.released.set()
    monkeypatch.setattr(elsewhere, "ALL_SECONDS", 60)
    assert elsewhere._asking.acquire(timeout=60), "who hung gives its place back"
    elsewhere._asking.release()
    store(person(), there.url)


@pytest.mark.parametrize("token", ["", "a\nb", "ä", "x" * 1_001])
def test_what_is_no_token_is_sent_nowhere(there: Elsewhere, person: Callable[..., User], token: str) -> None:
    with pytest.raises(InvalidRequest):
        store(person(), there.url, token)
    assert there.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "", "reana.example.org", "ftp://reana.example.org", "https://", "https://user@host", "https://host?a=b",
        "https://host#a", "https://ho st", "https://host:0", "https://host:x", "https://[::1", "https://host\x00",
        f"https://{'h' * 500}",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(site: Registry, address: str) -> None:
    with pytest.raises(InvalidRequest, match="looks like"):
        checked_address(address)


@pytest.mark.parametrize("address", ["http://reana.example.org", "http://127.0.0.1:80", "http://localhost"])
def test_without_encryption_none_is_taken_unless_the_operators_say_so(site: Registry, address: str) -> None:
    with pytest.raises(InvalidRequest, match="do not allow"):
        checked_address(address)


def test_a_site_may_allow_one_address_alone(site: Registry) -> None:
    known = registry.site()
    registry.install(
        site, replace(known, workflows=replace(known.workflows, reana_elsewhere=("https://reana.example.org",)))
    )
    assert checked_address("https://REANA.example.org/") == "https://REANA.example.org"
    with pytest.raises(InvalidRequest):
        checked_address("https://reana.example.org.evil.example")


def test_who_tries_often_has_to_wait(there: Elsewhere, person: Callable[..., User]) -> None:
    there.status = 403
    limit = registry.site().rate_limits.log_ins_per_account.attempts
    for _ in range(limit):
        with pytest.raises(InvalidRequest):
            store(person(), there.url)
    with pytest.raises(TooManyAttempts):
        store(person(), there.url)
    assert len(there.asked) == limit
