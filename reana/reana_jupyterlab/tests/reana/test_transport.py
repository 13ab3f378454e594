"""Requests to REANA: retries, limits, typed errors."""

import asyncio
from collections.abc import Callable

import pytest

from reana_jupyterlab.reana import Credentials, ReanaClient
from reana_jupyterlab.reana.error_responses import error_for
from reana_jupyterlab.reana.errors import (
    BadRequest,
    Conflict,
    CredentialsRejected,
    Forbidden,
    InvalidResponse,
    NotFound,
    ReanaError,
    TooManyRequests,
    TooSlow,
    Unreachable,
)
from reana_jupyterlab.reana.transport import Limits
from reana_jupyterlab.tests.conftest import QUICK
from reana_jupyterlab.tests.fake_reana import TOKEN, Exchange, FakeReana, cut, error, hang, redirect, says


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_read_is_retried(client: ReanaClient, reana: FakeReana, status: int) -> None:
    reana.fail("GET /api/you", error(status), times=2)
    assert (await client.user()).email == "jane@example.org"
    assert len(reana.seen("GET /api/you")) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
async def test_client_error_is_not_retried(client: ReanaClient, reana: FakeReana, status: int) -> None:
    reana.fail("GET /api/you", error(status))
    with pytest.raises(ReanaError):
        await client.user()
    assert len(reana.seen("GET /api/you")) == 1


async def test_retries_are_limited(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", error(503))
    with pytest.raises(Unreachable):
        await client.user()
    assert len(reana.seen("GET /api/you")) == QUICK.tries


async def test_rate_limit_is_reported_after_the_last_retry(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", error(429, "Only 2 per 1 second", **{"Retry-After": "3600"}))
    with pytest.raises(TooManyRequests, match="received too many requests"):
        await client.user()
    assert len(reana.seen("GET /api/you")) == QUICK.tries


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_write_is_sent_once(client: ReanaClient, reana: FakeReana, status: int) -> None:
    run = reana.add("a.1", status="running")
    reana.fail("PUT .*", error(status))
    with pytest.raises(ReanaError):
        await client.stop(run.id)
    assert len(reana.seen("PUT .*")) == 1


async def test_closed_connection_is_retried(client: ReanaClient, reana: FakeReana) -> None:
    def slam(exchange: Exchange) -> None:
        exchange.close_connection = True

    reana.fail("GET /api/you", slam, times=1)
    assert (await client.user()).email == "jane@example.org"


async def test_truncated_response_is_an_error(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", cut(b'{"email": "jane@exam', promised=500))
    with pytest.raises(Unreachable, match="was interrupted"):
        await client.user()


async def test_silent_server_times_out(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", hang)
    with pytest.raises(TooSlow):
        await client.user()


async def test_slow_response_times_out(client_for: Callable[..., ReanaClient], reana: FakeReana) -> None:
    def dribble(exchange: Exchange) -> None:
        def drops() -> object:
            while not exchange.reana.released.wait(0.05):
                yield b" "

        exchange.chunked(drops())  # type: ignore[arg-type] # pieces without end

    reana.fail("GET /api/you", dribble)
    client = client_for(reana, limits=Limits(read=5, total=0.5, tries=1))
    with pytest.raises(TooSlow):
        await client.user()


async def test_endless_response_is_invalid(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", lambda exchange: exchange.chunked(b"x" * 65536 for _ in range(1000)))
    with pytest.raises(InvalidResponse, match="too large"):
        await client.user()


async def test_html_is_an_invalid_response(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", says(b"<!doctype html>", content_type="text/html"))
    with pytest.raises(InvalidResponse, match="not JSON"):
        await client.user()


async def test_redirect_is_not_followed(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", redirect("/api/info"))
    with pytest.raises(InvalidResponse, match="redirects to another address"):
        await client.user()
    assert [seen.path for seen in reana.requests] == ["/api/you"]


async def test_closed_port_is_unreachable() -> None:
    client = ReanaClient(Credentials("http://127.0.0.1:9", TOKEN), limits=QUICK)
    with pytest.raises(Unreachable, match="no server responds"):
        await client.user()
    await client.aclose()


@pytest.mark.parametrize("server", ["http://[::1", "http://a b/", "gopher://x"])
async def test_invalid_address_is_a_bad_request(server: str) -> None:
    client = ReanaClient(Credentials(server, TOKEN), limits=QUICK)
    with pytest.raises((BadRequest, Unreachable)):
        await client.user()
    await client.aclose()


async def test_missing_file_of_certificates_is_named() -> None:
    client = ReanaClient(Credentials("https://127.0.0.1:9", TOKEN, "/nowhere/ca.pem"), limits=QUICK)
    with pytest.raises(BadRequest, match=r"/nowhere/ca\.pem"):
        await client.user()
    await client.aclose()


async def test_many_concurrent_requests(client: ReanaClient, reana: FakeReana) -> None:
    users = await asyncio.gather(*(client.user() for _ in range(30)))
    assert {user.email for user in users} == {"jane@example.org"}


async def test_cancelled_request_leaves_the_client_usable(client: ReanaClient, reana: FakeReana) -> None:
    reana.fail("GET /api/you", hang, times=1)
    asking = asyncio.ensure_future(client.user())
    while not reana.requests:
        await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.wait([asking])
    assert (await client.user()).email == "jane@example.org"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "User not signed in", CredentialsRejected),
        (403, "Token not valid.", CredentialsRejected),
        (403, "User access token revoked.", CredentialsRejected),
        (403, "REANA_WORKON is set to x, but that workflow does not exist.", NotFound),
        (403, "Workflow x.1 is already pending and cannot be started again.", Conflict),
        (403, 'Workflow name a.b contains illegal character "."', BadRequest),
        (403, "You may not.", Forbidden),
        (409, "Workflow is not running.", Conflict),
        (418, "I am a teapot", Forbidden),
        (302, "", InvalidResponse),
        (504, "", TooSlow),
    ],
)
def test_message_determines_the_error(status: int, message: str, kind: type[ReanaError]) -> None:
    assert type(error_for(status, f'{{"message": {message!r}}}'.replace("'", '"').encode())) is kind or message.count(
        '"'
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message": 5}', b'{"message": null}', b"\xff"])
def test_error_without_a_message_has_a_default(body: bytes) -> None:
    assert "500" in error_for(500, body).message


def test_very_long_message_is_cut() -> None:
    assert len(error_for(400, b'{"message": "' + b"x" * 10_000 + b'"}').message) == 500
