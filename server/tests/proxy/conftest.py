"""Starts and ends the house for each test."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
import uvloop

from proxy.proxy_fixture import LIMITS, House, live
from proxy.waiting import PATIENCE, wait_for
from user_workspaces.proxy.relay.state import ProxyLimits


@pytest.fixture
def loop_name(request: pytest.FixtureRequest) -> str:
    """Name the event loop; a test may ask for one by parameter."""
    return str(getattr(request, "param", "uvloop"))


@pytest.fixture
def start_house(loop_name: str, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Start it; a test may bring limits of its own."""
    houses: list[House] = []

    def start(limits: ProxyLimits = LIMITS) -> House:
        promise: Future[House] = Future()
        factory = uvloop.new_event_loop if loop_name == "uvloop" else asyncio.new_event_loop

        def run() -> None:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(live(promise, tmp_path, limits))

        threading.Thread(target=run, name="house").start()
        houses.append(promise.result(PATIENCE))
        wait_for(lambda: houses[-1].server.started, "the server starts")
        return houses[-1]

    yield start
    for house in houses:
        for client in house.clients:
            client.close()
        house.stop()


@pytest.fixture
def house(start_house: Callable[..., House]) -> House:
    """The whole of it, with limits short enough for tests."""
    return start_house()
