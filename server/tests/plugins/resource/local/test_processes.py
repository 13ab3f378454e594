"""Processes are identified by more than their pid."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from user_workspaces.plugins.resource.local import processes
from user_workspaces.plugins.resource.local.processes import Process
from user_workspaces.testing.waiting import eventually

TAG = b"UWS_TEST_TAG=here"


@pytest.fixture
def child() -> Iterator[Process]:
    environment = {"UWS_TEST_TAG": "here", "PATH": os.environ["PATH"]}
    command = ["bash", "-c", "setsid sleep 600 & wait"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        identity = processes.identify(process.pid)
        assert identity is not None
        eventually(lambda: len(processes.descendants(identity.pid)) == 1)
        grandchildren = processes.descendants(identity.pid)
        yield identity
        for one in [identity, *grandchildren]:
            processes.send(one, signal.SIGKILL)


def test_process_is_alive_as_itself_only(child: Process) -> None:
    assert processes.is_alive(child)
    assert not processes.is_alive(child._replace(start_time=child.start_time + 1))
    assert not processes.is_alive(child._replace(boot_id="another"))


def test_signal_reaches_only_the_very_process(child: Process) -> None:
    assert not processes.send(child._replace(start_time=child.start_time + 1), signal.SIGKILL)
    assert not processes.send(child._replace(boot_id="another"), signal.SIGKILL)
    assert processes.is_alive(child)
    assert processes.send(child, signal.SIGKILL)
    eventually(lambda: not processes.is_alive(child))
    assert not processes.send(child, signal.SIGKILL)


def test_name_with_brackets_and_spaces_is_kept() -> None:
    with subprocess.Popen(["bash", "-c", "printf ') Z 1 1 1' > /proc/$$/comm; echo; sleep 600"], stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        stat = processes.read_stat(process.pid)
        assert stat is not None
        assert (stat.state in "RS", stat.parent) == (True, os.getpid())
        process.kill()


def test_ended_process_has_no_identity() -> None:
    assert processes.identify(2**22 - 1) is None


def test_strays_are_found_by_their_tag_when_the_main_process_is_dead(child: Process) -> None:
    (grandchild,) = processes.descendants(child.pid)
    processes.send(child, signal.SIGKILL)
    eventually(lambda: not processes.is_alive(child))
    assert processes.strays(child, tag=TAG, uid=os.getuid()) == [grandchild]
    assert processes.strays(child, tag=TAG, uid=os.getuid() + 1) == []
    assert processes.strays(child, tag=b"UWS_TEST_TAG=her", uid=os.getuid()) == []


def test_strays_are_found_by_their_tree_without_a_tag(child: Process) -> None:
    (grandchild,) = processes.descendants(child.pid)
    assert set(processes.strays(child, tag=b"NO=tag", uid=os.getuid())) == {child, grandchild}


def test_own_process_is_never_a_stray() -> None:
    myself = processes.identify(os.getpid())
    assert myself is not None
    name, value = next(iter(os.environ.items()))
    found = processes.strays(Process(0, 0, ""), tag=f"{name}={value}".encode(), uid=os.getuid())
    assert myself not in found
