"""Starts and stops the proxy for each test."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
import uvloop

from proxy.proxy_fixture import LIMITS, RunningProxy, live
from proxy.waiting import PATIENCE, wait_for
from user_workspaces.proxy.relay.state import ProxyLimits


@pytest.fixture
def loop_name(request: pytest.FixtureRequest) -> str:
    """Return the name of the event loop, which a test may set by parameter."""
    return str(getattr(request, "param", "uvloop"))


@pytest.fixture
def start_proxy(loop_name: str, tmp_path: Path) -> Iterator[Callable[..., RunningProxy]]:
    """Start proxies, with limits of the test if given."""
    proxies: list[RunningProxy] = []

    def start(limits: ProxyLimits = LIMITS) -> RunningProxy:
        promise: Future[RunningProxy] = Future()
        factory = uvloop.new_event_loop if loop_name == "uvloop" else asyncio.new_event_loop

        def run() -> None:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(live(promise, tmp_path, limits))

        threading.Thread(target=run, name="proxy").start()
        proxies.append(promise.result(PATIENCE))
        wait_for(lambda: proxies[-1].server.started, "the server starts")
        return proxies[-1]

    yield start
    for proxy in proxies:
        for client in proxy.clients:
            client.close()
        proxy.stop()


@pytest.fixture
def proxy(start_proxy: Callable[..., RunningProxy]) -> RunningProxy:
    """A running proxy with limits that are short enough for tests."""
    return start_proxy()
