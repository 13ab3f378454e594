"""Stop and forget: all processes of a job end, and no others, whichever process was killed before."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from plugins.resource.local.deaths import in_another_process, prepare, submit_and_die
from plugins.resource.local.worlds import World, is_dead, read_pid
from user_workspaces.interfaces.values import EndedBy, JobSpec, Limits, Observation, ResourceState
from user_workspaces.plugins.resource.local import LocalResource, processes, records
from user_workspaces.plugins.resource.local.processes import Process
from user_workspaces.testing.resource_contract import end_of, seen
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.slow
RUNAWAY = """
import os, pathlib
pathlib.Path("runaway").write_text(f"{os.getpid()}\\n")
os.setsid()
while True:
    if os.fork():
        os._exit(0)
"""
"""A process that is gone before it can be killed: it lives on in its child, thousands of times a second."""


@pytest.fixture
def bystander() -> Iterator[Process]:
    """A process of this machine that belongs to no job."""
    with subprocess.Popen(["sleep", "600"]) as process:
        identity = processes.identify(process.pid)
        assert identity is not None
        yield identity
        process.kill()


def process_of(spec: JobSpec, file: str) -> Process:
    """Wait until the job wrote a pid into a file of its workspace."""
    found = eventually(partial(read_pid, spec.working_directory / file))
    assert found is not None
    return found


def kill_supervisor(world: World, spec: JobSpec) -> None:
    runner = world.running(spec.key).runner
    assert processes.send(runner, signal.SIGKILL)
    eventually(partial(is_dead, runner))


def stop_until_it_ended(resource: LocalResource, spec: JobSpec) -> Observation:
    """Do what the controller does with a job that has to end."""

    def has_ended() -> bool:
        resource.stop(spec.key)
        return seen(resource, spec).state == ResourceState.FAILED

    eventually(has_ended)
    return seen(resource, spec)


def test_stop_ends_what_left_the_session(world: World, resource: LocalResource) -> None:
    spec = world.spec("setsid bash -c 'trap \"\" TERM; echo $$ > far; while true; do sleep 0.1; done' & wait")
    resource.submit(spec)
    far = process_of(spec, "far")
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED
    assert is_dead(far)


def test_stop_is_polite_first(world: World, resource: LocalResource) -> None:
    spec = world.spec("trap 'echo saved > work.txt; exit 0' TERM; echo $$ > ready; while true; do sleep 0.05; done")
    resource.submit(spec)
    process_of(spec, "ready")
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED
    assert (spec.working_directory / "work.txt").read_text() == "saved\n"


def test_stop_reaches_a_suspended_job(world: World, resource: LocalResource) -> None:
    spec = world.spec("trap 'echo woke > woke.txt; exit 0' TERM; echo $$ > ready; kill -STOP $$; sleep 600")
    resource.submit(spec)
    process_of(spec, "ready")
    eventually(lambda: "T" in Path(f"/proc/{world.running(spec.key).child.pid}/stat").read_text().split()[2])
    resource.stop(spec.key)
    end_of(resource, spec)
    assert (spec.working_directory / "woke.txt").exists()


def test_processes_left_by_the_main_process_are_killed(world: World, resource: LocalResource) -> None:
    spec = world.spec("setsid sleep 600 & echo $! > left; exit 4")
    resource.submit(spec)
    assert end_of(resource, spec).exit_code == 4
    left = read_pid(spec.working_directory / "left")
    assert left is None or is_dead(left)


@pytest.mark.slow
def test_process_that_forks_faster_than_it_is_killed_ends(world: World, resource: LocalResource) -> None:
    (world.base / "runaway.py").write_text(RUNAWAY)
    spec = world.spec(f"/usr/bin/env python3 -S {world.base}/runaway.py & sleep 600")
    resource.submit(spec)
    eventually((spec.working_directory / "runaway").exists)
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED


def test_many_processes_that_ignore_the_request_end(world: World, resource: LocalResource) -> None:
    spec = world.spec("trap '' TERM; for i in $(seq 40); do setsid sleep 600 & done; echo $$ > ready; wait")
    resource.submit(spec)
    process_of(spec, "ready")
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED
    tag = f"{records.TAG}={spec.key}".encode()
    assert processes.strays(Process(0, 0, ""), tag=tag, uid=spec.account.uid) == []


def test_time_limit_holds_without_an_observer(world: World) -> None:
    spec = world.spec("echo $$ > started; exec sleep 600", limits=Limits(time_limit_seconds=1))
    in_another_process(submit_and_die, world, spec, -1).join()
    child = process_of(spec, "started")
    eventually(partial(is_dead, child))
    assert end_of(world.resource(), spec).ended_by == EndedBy.TIME_LIMIT


def test_stop_before_the_start_wins(world: World, resource: LocalResource) -> None:
    spec = world.spec("echo ran > runs.txt")
    prepare(world, spec)
    resource.stop(spec.key)
    assert seen(resource, spec).ended_by == EndedBy.STOPPED
    assert resource.submit(spec) == -1
    assert seen(resource, spec).ended_by == EndedBy.STOPPED
    assert not (spec.working_directory / "runs.txt").exists()


def test_stop_request_while_the_supervisor_starts_wins(world: World, resource: LocalResource) -> None:
    spec = world.spec("echo ran > runs.txt")
    prepare(world, spec)
    world.state(spec.key).request_stop()
    resource.submit(spec)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED
    assert not (spec.working_directory / "runs.txt").exists()


def test_stop_request_without_a_signal_is_found(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    resource.submit(spec)
    world.state(spec.key).request_stop()
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED


def test_job_whose_supervisor_was_killed_is_adopted(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    pid = resource.submit(spec)
    kill_supervisor(world, spec)
    assert (seen(resource, spec).state, seen(resource, spec).resource_job_id) == (ResourceState.RUNNING, pid)
    assert resource.submit(spec) == pid
    resource.forget(spec.key)
    assert seen(resource, spec).state == ResourceState.RUNNING


def test_adopted_job_can_be_stopped_with_all_that_left_it(world: World, resource: LocalResource) -> None:
    spec = world.spec("setsid bash -c 'trap \"\" TERM; echo $$ > far; while true; do sleep 0.1; done' & wait")
    resource.submit(spec)
    far = process_of(spec, "far")
    kill_supervisor(world, spec)
    assert stop_until_it_ended(resource, spec).ended_by == EndedBy.STOPPED
    assert is_dead(far)


def test_adopted_job_gets_sigterm_first(world: World, resource: LocalResource) -> None:
    spec = world.spec("trap 'echo saved > work.txt; exit 0' TERM; echo $$ > ready; while true; do sleep 0.05; done")
    resource.submit(spec)
    process_of(spec, "ready")
    kill_supervisor(world, spec)
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED
    assert (spec.working_directory / "work.txt").read_text() == "saved\n"


def test_job_whose_main_process_was_killed_has_the_signal(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    resource.submit(spec)
    assert processes.send(world.running(spec.key).child, signal.SIGKILL)
    end = end_of(resource, spec)
    assert (end.ended_by, end.signal) == (EndedBy.SIGNAL, signal.SIGKILL)


def test_forgetting_a_lost_job_ends_what_it_left(world: World, resource: LocalResource) -> None:
    spec = world.spec("setsid sleep 600 & echo $! > left; wait")
    resource.submit(spec)
    left, child = process_of(spec, "left"), world.running(spec.key).child
    kill_supervisor(world, spec)
    processes.send(child, signal.SIGKILL)
    eventually(partial(is_dead, child))
    assert seen(resource, spec).ended_by == EndedBy.LOST
    resource.forget(spec.key)
    eventually(partial(is_dead, left))
    assert resource.known_keys() == frozenset()


def test_stopping_a_lost_job_does_not_change_how_it_ended(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    resource.submit(spec)
    child = world.running(spec.key).child
    kill_supervisor(world, spec)
    processes.send(child, signal.SIGKILL)
    eventually(partial(is_dead, child))
    resource.stop(spec.key)
    assert seen(resource, spec).ended_by == EndedBy.LOST


@pytest.mark.parametrize("stale", ["start time", "boot id"])
def test_pid_that_is_another_process_now_is_never_signalled(
    world: World, resource: LocalResource, bystander: Process, stale: str
) -> None:
    spec = world.spec()
    resource.submit(spec)
    child = world.running(spec.key).child
    kill_supervisor(world, spec)
    processes.send(child, signal.SIGKILL)
    eventually(partial(is_dead, child))
    other = bystander._replace(start_time=1) if stale == "start time" else bystander._replace(boot_id="another")
    world.rewrite_running(spec.key, child=other, runner=other)
    world.state(spec.key).request_stop()
    for _ in range(3):
        resource.stop(spec.key)
    assert seen(resource, spec).state == ResourceState.FAILED
    resource.forget(spec.key)
    assert processes.is_alive(bystander)


def test_stop_signals_no_bystander_that_took_the_supervisor_s_pid(
    world: World, resource: LocalResource, bystander: Process
) -> None:
    spec = world.spec()
    resource.submit(spec)
    world.rewrite_running(spec.key, runner=bystander._replace(start_time=1))
    resource.stop(spec.key)
    assert end_of(resource, spec).ended_by == EndedBy.STOPPED  # by the mark
    assert processes.is_alive(bystander)


def test_stop_leaves_the_other_job_of_the_same_user(world: World, resource: LocalResource) -> None:
    stopped, other = world.spec(), world.spec()
    resource.submit(stopped)
    resource.submit(other)
    for spec in (stopped, other):
        kill_supervisor(world, spec)
    stop_until_it_ended(resource, stopped)
    assert processes.is_alive(world.running(other.key).child)


def test_end_is_recorded_whole(world: World, resource: LocalResource) -> None:
    spec = world.spec("exit 3")
    resource.submit(spec)
    end_of(resource, spec)
    ended = json.loads((world.state(spec.key).folder / records.ENDED).read_text())
    assert {key: ended[key] for key in ("ended_by", "exit_code", "signal", "reason")} == {
        "ended_by": "exit",
        "exit_code": 3,
        "signal": None,
        "reason": "",
    }
    assert [path.name for path in world.state(spec.key).folder.iterdir() if path.name.startswith(".")] == []


def test_supervisors_that_ended_do_not_stay_as_zombies(world: World, resource: LocalResource) -> None:
    spec = world.spec("true")
    resource.submit(spec)
    runner = world.running(spec.key).runner
    end_of(resource, spec)

    def is_collected() -> bool:
        resource.observe([])
        return processes.read_stat(runner.pid) is None

    eventually(is_collected)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_supervisor_is_small_and_alone(world: World, resource: LocalResource) -> None:
    resource.submit(spec := world.spec())
    runner = world.running(spec.key).runner
    folder = Path(f"/proc/{runner.pid}")
    environment = (folder / "environ").read_bytes().split(b"\0")
    assert environment == [b"LANG=C.UTF-8", b""]
    assert os.getsid(runner.pid) == runner.pid
    assert (folder / "cwd").readlink() == Path("/")
