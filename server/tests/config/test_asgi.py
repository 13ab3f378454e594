"""The thread pool that handles a request, and the headers that it gets."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from asgiref.typing import HTTPScope

from user_workspaces.config import asgi
from user_workspaces.proxy.relay.app_bridge import FROM_PROXY

Pools = dict[str, list[HTTPScope]]


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Pools:
    """The requests that each thread pool has received."""
    found: Pools = {"_django": [], "_sign_ins": [], "_transfer": []}

    def pool(name: str) -> Callable[..., Any]:
        async def take(scope: HTTPScope, *_: object) -> None:
            found[name].append(scope)

        return take

    for name in found:
        monkeypatch.setattr(asgi, name, pool(name))
    return found


async def _nothing(*_: object) -> Any:
    raise AssertionError("nobody asks for more of the request, and nobody answers it")


def ask(path: str, *headers: tuple[bytes, bytes], state: dict[str, bool] | None = None) -> None:
    known = {"type": "http", "path": path, "headers": list(headers), "scheme": "http", "client": None, "state": state}
    scope = cast("HTTPScope", known)
    asyncio.run(asgi.application(scope, _nothing, _nothing))


@pytest.mark.parametrize(
    ("path", "pool"),
    [
        ("/tokens", "_sign_ins"),
        ("/tokens/", "_sign_ins"),
        ("/login/with/site/done/", "_sign_ins"),
        ("/profile/reana/", "_sign_ins"),
        ("/profile/", "_django"),
        ("/tokens-of-mine", "_django"),
        ("/workspaces/tokens/", "_django"),
        ("/jobs/", "_django"),
        ("/workspaces/1/start/", "_django"),
        ("/workspaces/1/upload", "_transfer"),
        ("/w/1/files/", "_transfer"),
        ("/runs/0b7e5b2c-8f1c-4c55-9d8c-2f7a4f0f6a11/download/", "_transfer"),
        ("/runs/0b7e5b2c-8f1c-4c55-9d8c-2f7a4f0f6a11/files/", "_django"),
    ],
)
def test_path_selects_the_thread_pool(pools: Pools, path: str, pool: str) -> None:
    ask(path)
    assert {name: len(taken) for name, taken in pools.items() if taken} == {pool: 1}


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ({FROM_PROXY: True}, [b"x-forwarded-for", b"x-forwarded-proto", b"host"]),
        ({FROM_PROXY: False}, [b"host"]),
        ({}, [b"host"]),
        (None, [b"host"]),
    ],
)
def test_untrusted_headers_are_dropped(pools: Pools, state: dict[str, bool] | None, left: list[bytes]) -> None:
    told = ((b"x-forwarded-for", b"10.0.0.1"), (b"x_forwarded_for", b"10.9.9.9"), (b"x-forwarded-proto", b"https"))
    ask("/jobs/", *told, (b"host", b"a_b"), state=state)
    assert [name for name, _ in pools["_django"][0]["headers"]] == left
