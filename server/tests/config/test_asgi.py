"""Which threads a request gets, and what of its head they see."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from asgiref.typing import HTTPScope

from user_workspaces.config import asgi

Pools = dict[str, list[HTTPScope]]


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Pools:
    """What comes to each pool of threads."""
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


def ask(path: str, *headers: tuple[bytes, bytes]) -> None:
    scope = cast("HTTPScope", {"type": "http", "path": path, "headers": list(headers)})
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
def test_what_may_have_to_wait_has_threads_of_its_own(pools: Pools, path: str, pool: str) -> None:
    ask(path)
    assert {name: len(taken) for name, taken in pools.items() if taken} == {pool: 1}


def test_fields_that_look_like_others_are_left_out(pools: Pools) -> None:
    ask("/jobs/", (b"x-forwarded-for", b"10.0.0.1"), (b"x_forwarded_for", b"10.9.9.9"), (b"host", b"a_b"))
    assert pools["_django"][0]["headers"] == [(b"x-forwarded-for", b"10.0.0.1"), (b"host", b"a_b")]
