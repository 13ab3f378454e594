"""The way out of a job's network: it ends with the job, outlives the supervisor, and comes back when it is killed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.resource.local.deaths import FORKS, in_another_process
from plugins.resource.local.peers import Service, ask, network_of, service
from plugins.resource.local.worlds import World
from user_workspaces.interfaces.values import EndedBy, JobSpec, ResourceState
from user_workspaces.plugins.resource.local import LocalResource, processes
from user_workspaces.plugins.resource.local.isolation import describe_missing
from user_workspaces.plugins.resource.local.processes import Process
from user_workspaces.testing.resource_contract import end_of, seen
from user_workspaces.testing.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(describe_missing()), reason=describe_missing() or "possible here"),
]


@pytest.fixture
def server() -> Iterator[Service]:
    """The server, which jobs reach."""
    with service() as found:
        yield found


@pytest.fixture
def resource(world: World, server: Service) -> LocalResource:
    return world.resource(server_url=f"http://127.0.0.1:{server.address[1]}")


@pytest.fixture
def spec(world: World, resource: LocalResource, server: Service) -> JobSpec:
    """A job that runs, and asks the server whenever there is a file `ask`."""
    once = f"rm ask; {ask(*server.address)}".rstrip()
    found = world.spec(f"echo begun; until [ -e end ]; do [ -e ask ] && {{ {once}; }}; sleep 0.02; done; echo over")
    resource.submit(found)
    eventually(lambda: resource.log_tail(found.key, lines=9) == "begun")
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def uplink_of(world: World, spec: JobSpec) -> list[Process]:
    """Return the processes of a job's way out: ours first, then slirp4netns."""
    own = world.running(spec.key).runner.pid
    stats = processes.living_processes()
    ours = [pid for pid in stats if spec.key in command_of(pid) and "runner.py" in command_of(pid) and pid != own]
    slirps = [pid for pid, stat in stats.items() if stat.parent in ours and "slirp4netns" in command_of(pid)]
    return [process for pid in ours + slirps if (process := processes.identify(pid)) is not None]


def in_network(name: str) -> list[int]:
    return [pid for pid in processes.living_processes() if network_of(pid) == name]


def asks(resource: LocalResource, spec: JobSpec) -> bool:
    """Let the job send one request; return True if it got a response."""
    before = resource.log_tail(spec.key, lines=99).count("\n")
    (spec.working_directory / "ask").touch()
    eventually(lambda: resource.log_tail(spec.key, lines=99).count("\n") > before)
    return resource.log_tail(spec.key, lines=1) == "answered"


def let_it_end(resource: LocalResource, spec: JobSpec) -> None:
    (spec.working_directory / "end").touch()
    assert end_of(resource, spec).state == ResourceState.SUCCEEDED


def test_uplink_is_two_processes_of_root_and_ends_with_the_job(
    world: World, resource: LocalResource, spec: JobSpec
) -> None:
    found, network = uplink_of(world, spec), network_of(world.running(spec.key).child.pid)
    assert [Path(f"/proc/{process.pid}").stat().st_uid for process in found] == [0, 0]
    assert asks(resource, spec)
    let_it_end(resource, spec)
    eventually(lambda: not any(map(processes.is_alive, found)))
    assert in_network(network) == []


def test_mounts_of_the_machine_stay(world: World, resource: LocalResource, tmp_path: Path) -> None:
    """Below a shared mount, as most machines have, each unmounting is one of the whole machine."""
    outer, inner = tmp_path / "shared", tmp_path / "shared" / "inner"
    outer.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", outer], check=True)
    try:
        subprocess.run(["mount", "--make-shared", outer], check=True)
        inner.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inner], check=True)
        spec = world.spec("echo done")
        resource.submit(spec)
        assert end_of(resource, spec).state == ResourceState.SUCCEEDED
        assert inner.is_mount()
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", outer], check=True)


def test_stop_ends_it(world: World, resource: LocalResource, spec: JobSpec) -> None:
    found, network = uplink_of(world, spec), network_of(world.running(spec.key).child.pid)
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED
    eventually(lambda: not any(map(processes.is_alive, found)))
    assert in_network(network) == []


def test_killed_supervisor_leaves_the_uplink_of_the_job(world: World, resource: LocalResource, spec: JobSpec) -> None:
    found, running = uplink_of(world, spec), world.running(spec.key)
    os.kill(running.runner.pid, signal.SIGKILL)
    eventually(lambda: not processes.is_alive(running.runner))
    assert (asks(resource, spec), seen(resource, spec).state) == (True, ResourceState.RUNNING)
    assert len(found) == 2
    assert all(map(processes.is_alive, found))
    resource.stop(spec.key)
    eventually(lambda: not processes.is_alive(running.child))
    eventually(lambda: not any(map(processes.is_alive, found)))


def test_supervisor_that_is_killed_does_not_stay_locked(world: World, resource: LocalResource, spec: JobSpec) -> None:
    running = world.running(spec.key)
    for process in (running.runner, running.child):
        os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: seen(resource, spec).ended_by == EndedBy.LOST)
    eventually(lambda: uplink_of(world, spec) == [])


def test_slirp4netns_that_is_killed_comes_back(world: World, resource: LocalResource, spec: JobSpec) -> None:
    ours, slirp = uplink_of(world, spec)
    os.kill(slirp.pid, signal.SIGKILL)
    eventually(lambda: len([one for one in uplink_of(world, spec) if one not in (ours, slirp)]) == 1)
    assert asks(resource, spec)
    devices = Path(f"/proc/{world.running(spec.key).child.pid}/net/dev")
    eventually(lambda: "tap0" in devices.read_text())
    let_it_end(resource, spec)
    eventually(lambda: uplink_of(world, spec) == [])


def test_killed_uplink_ends_slirp4netns_and_no_job(world: World, resource: LocalResource, spec: JobSpec) -> None:
    ours, slirp = uplink_of(world, spec)
    os.kill(ours.pid, signal.SIGKILL)
    eventually(lambda: not processes.is_alive(slirp))
    assert not asks(resource, spec)
    let_it_end(resource, spec)


def test_killed_controller_leaves_the_uplink_of_the_job(world: World, server: Service) -> None:
    spec = world.spec(f"until [ -e ask ]; do sleep 0.02; done; {ask(*server.address)}")
    resource = world.resource(server_url=f"http://127.0.0.1:{server.address[1]}")
    started = FORKS.Event()

    def submit_and_wait() -> None:
        resource.submit(spec)
        started.set()
        signal.pause()

    controller = in_another_process(submit_and_wait)
    assert started.wait(30)
    assert controller.pid is not None
    os.kill(controller.pid, signal.SIGKILL)
    controller.join()
    (spec.working_directory / "ask").touch()
    assert end_of(resource, spec).state == ResourceState.SUCCEEDED
    assert resource.log_tail(spec.key, lines=1) == "answered"
    eventually(lambda: uplink_of(world, spec) == [])


def test_job_cannot_signal_it_and_inherits_nothing_of_it(world: World, resource: LocalResource, spec: JobSpec) -> None:
    pids = " ".join(str(process.pid) for process in uplink_of(world, spec))
    other = world.spec(f"kill -9 {pids}; ls /proc/self/fd | wc -l")
    resource.submit(other)
    end_of(resource, other)
    assert "Operation not permitted" in resource.log_tail(other.key, lines=5)
    assert resource.log_tail(other.key, lines=1) == "4"  # three, and the listing itself
    assert len(uplink_of(world, spec)) == 2


def test_twenty_jobs_leave_nothing_behind(world: World, resource: LocalResource) -> None:
    specs = [world.spec("true") for _ in range(20)]
    for one in specs:
        resource.submit(one)
    for one in specs:
        assert end_of(resource, one).state == ResourceState.SUCCEEDED
    eventually(lambda: [uplink_of(world, one) for one in specs] == [[]] * 20)
