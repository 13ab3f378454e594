"""Detection of disconnects: truncated bodies, clients that leave, and dead connections."""

import asyncio
from typing import Any, cast

import pytest
from asgiref.typing import HTTPScope

from user_workspaces.config import disconnects
from user_workspaces.config.disconnects import DisconnectWatcher
from user_workspaces.transfers.downloads import GONE

PART = {"type": "http.request", "body": b"1", "more_body": True}
LAST = {"type": "http.request", "body": b"2", "more_body": False}
LEFT = {"type": "http.disconnect"}


def listener(messages: list[Any], *headers: tuple[bytes, bytes]) -> DisconnectWatcher:
    """Return a watcher for a client that sends these messages and then nothing."""

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        return await asyncio.get_running_loop().create_future()

    return DisconnectWatcher(cast("HTTPScope", {"type": "http", "headers": list(headers)}), receive)


def test_body_is_passed_on_and_then_the_client_is_watched() -> None:
    async def run() -> None:
        heard = listener([PART, LAST, LEFT], (b"content-length", b"2"))
        assert [await heard.receive() for _ in range(2)] == [PART, LAST]
        assert await asyncio.to_thread(heard.gone.wait, 10)
        assert await heard.receive() == {"type": "http.request", "body": b"", "more_body": False}
        heard.close()

    asyncio.run(run())


def test_truncated_body_raises_an_error() -> None:
    async def run() -> None:
        heard = listener([PART, LEFT], (b"transfer-encoding", b"chunked"))
        await heard.receive()
        with pytest.raises(ConnectionResetError):
            await heard.receive()
        assert heard.gone.is_set()
        heard.close()

    asyncio.run(run())


@pytest.mark.parametrize("headers", [(), ((b"content-length", b"0"),)])
def test_client_is_watched_at_once_without_a_body(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    async def run() -> None:
        heard = listener([{**LAST, "body": b""}, LEFT], *headers)
        assert heard.scope[GONE] is heard.gone  # type: ignore[literal-required]  # our own key
        assert await asyncio.to_thread(heard.gone.wait, 10)
        heard.close()

    asyncio.run(run())


def test_dead_connection_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disconnects, "STALLED_SECONDS", 0.01)

    async def run() -> None:
        heard = listener([PART], (b"content-length", b"2"))
        await heard.receive()
        with pytest.raises(TimeoutError):
            await heard.receive()
        heard.close()

    asyncio.run(run())
