"""A world for each test, and the end of all that a test started."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from plugins.job_type.reana_workflow.worlds import IS_ROOT, World
from user_workspaces.testing.waiting import eventually


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("root") and not IS_ROOT:
            item.add_marker(pytest.mark.skip(reason="needs root: it runs the runner as somebody else"))


@pytest.fixture
def world() -> Iterator[World]:
    base = Path(tempfile.mkdtemp(prefix="uws-run-"))
    base.chmod(0o711)
    world = World(base)
    yield world
    eventually(lambda: not end_all_of(world), limit_seconds=120)
    for runner in world.runners:
        runner.wait()
    shutil.rmtree(base)


def end_all_of(world: World) -> list[int]:
    found = world.processes()
    for pid in found:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return found
