"""A world for each test, and the end of all that a test started."""

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.resource.local.worlds import IS_ROOT, World
from support.machine_accounts import add_account, change_accounts, remove_account
from user_workspaces.interfaces.values import SystemAccount
from user_workspaces.plugins.resource.local import LocalResource, processes, records
from user_workspaces.testing.resource_contract import MakeSpec
from user_workspaces.testing.waiting import eventually


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("root") and not IS_ROOT:
            item.add_marker(pytest.mark.skip(reason="needs root: it runs jobs as somebody else"))


@pytest.fixture
def world() -> Iterator[World]:
    base = Path(tempfile.mkdtemp(prefix="uws-"))
    base.chmod(0o711)
    world = World(base)
    yield world
    for key in world.resource().known_keys():
        end_all_of(key, world)
    world.resource().observe([])
    shutil.rmtree(base)


def end_all_of(key: str, world: World) -> None:
    """Kill supervisor and job: also those that a test left in a state that no server would know how to end."""
    tags = {f"{records.TAG}={key}".encode(), str(world.state(key).folder).encode()}

    def all_ended() -> bool:
        family = [pid for pid in processes.living_processes() if tags & set(words_of(pid))]
        for process in filter(None, map(processes.identify, family)):
            processes.send(process, signal.SIGKILL)
        return not family

    eventually(all_ended)


def words_of(pid: int) -> list[bytes]:
    try:
        folder = Path(f"/proc/{pid}")
        return (folder / "environ").read_bytes().split(b"\0") + (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.fixture
def resource(world: World) -> LocalResource:
    return world.resource()


@pytest.fixture
def make_spec(world: World) -> MakeSpec:
    return world.spec


@pytest.fixture
def newcomer() -> Iterator[SystemAccount]:
    """A user with a real account in a second group."""
    name = f"uws-test-{os.getpid()}"
    change_accounts("groupadd", f"{name}-g")
    add_account(name, "--no-create-home", "--groups", f"{name}-g")
    entry = pwd.getpwnam(name)
    yield SystemAccount(name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))
    remove_account(name)
    change_accounts("groupdel", f"{name}-g")
