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


def test_what_was_asked_is_kept_encrypted(there: Elsewhere, make_user: Callable[..., User]) -> None:
    store(make_user(), f"{there.url}/ ")
    assert there.asked == [f"/api/you?access_token={TOKEN}"]
    found = personal_reana_of(make_user().pk)
    assert found is not None
    assert (found.server, found.access_token) == (there.url, TOKEN)
    assert personal_reana_of(make_user("grace").pk) is None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT access_token FROM {PersonalReana._meta.db_table}")  # noqa: S608  our own name
        assert TOKEN not in cursor.fetchone()[0]


def test_another_one_takes_its_place_and_none_is_left_when_it_is_forgotten(
    there: Elsewhere, make_user: Callable[..., User]
) -> None:
    store(make_user(), there.url)
    store(make_user(), there.url, "another")
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
def test_what_does_not_take_the_token_is_not_kept(
    there: Elsewhere, make_user: Callable[..., User], status: int, body: bytes, said: str
) -> None:
    there.status, there.body, there.headers = status, body, {"Location": f"{there.url}/elsewhere"}
    with pytest.raises(InvalidRequest) as refused:
        store(make_user(), there.url)
    assert refused.value.message == said
    assert len(there.asked) == 1, "nobody is led on"
    assert not PersonalReana.objects.exists()


def test_who_hangs_is_given_up(
    there: Elsewhere, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_reana, "ALL_SECONDS", 0.2)
    there.hangs = True
    with pytest.raises(InvalidRequest, match="did not respond in time"):
        store(make_user(), there.url)
    assert not PersonalReana.objects.exists()


def test_where_nobody_is_that_is_said(there: Elsewhere, make_user: Callable[..., User]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        store(make_user(), "http://127.0.0.1:1")
    assert refused.value.message == personal_reana.UNREACHABLE


def test_a_few_are_asked_at_once(
    there: Elsewhere, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_reana, "_asking", BoundedSemaphore(1))
    monkeypatch.setattr(personal_reana, "ALL_SECONDS", 0.2)
    there.hangs = True
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="did not respond in time"):
            store(make_user(), there.url)
    wait_for(lambda: len(there.asked) == 1, within=60)
    there.released.set()
    monkeypatch.setattr(personal_reana, "ALL_SECONDS", 60)
    assert personal_reana._asking.acquire(timeout=60), "who hung gives its place back"
    personal_reana._asking.release()
    store(make_user(), there.url)


@pytest.mark.parametrize("token", ["", "a\nb", "ä", "x" * 1_001])
def test_what_is_no_token_is_sent_nowhere(there: Elsewhere, make_user: Callable[..., User], token: str) -> None:
    with pytest.raises(InvalidRequest):
        store(make_user(), there.url, token)
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


def test_who_tries_often_has_to_wait(there: Elsewhere, make_user: Callable[..., User]) -> None:
    there.status = 403
    limit = registry.site().rate_limits.log_ins_per_account.attempts
    for _ in range(limit):
        with pytest.raises(InvalidRequest):
            store(make_user(), there.url)
    with pytest.raises(TooManyAttempts):
        store(make_user(), there.url)
    assert len(there.asked) == limit
