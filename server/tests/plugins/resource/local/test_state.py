"""Records are used if they are valid; invalid ones leave the state of the job unknown."""

import json
import os
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread

import pytest

from plugins.resource.local.worlds import World, is_dead
from user_workspaces.interfaces.values import EndedBy, JobSpec, Observation, ResourceState
from user_workspaces.plugins.resource.local import LocalResource, processes, records
from user_workspaces.plugins.resource.local.processes import Process
from user_workspaces.plugins.resource.local.records import Running, record
from user_workspaces.testing.resource_contract import end_of, seen
from user_workspaces.testing.waiting import eventually

GONE = Process(2**22 - 1, 1, processes.boot_id())
ENDED = {"ended_by": "exit", "exit_code": 0, "signal": None, "ended_at": 1_700_000_000.0, "reason": ""}


@pytest.fixture
def spec(world: World) -> JobSpec:
    """A job with an empty state folder."""
    spec = world.spec()
    with world.state(spec.key).exclusively():
        return spec


def write_running(world: World, spec: JobSpec, process: Process) -> None:
    record(world.state(spec.key).folder, records.RUNNING, Running(process, process, spec.account.uid, 1_700_000_000.0))


def test_restart_of_the_machine_is_reported(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    pid = resource.submit(spec)
    runner = world.running(spec.key).runner
    processes.send(runner, 9)
    eventually(partial(is_dead, runner))
    child = world.running(spec.key).child
    world.rewrite_running(spec.key, child=child._replace(boot_id="before"), runner=runner._replace(boot_id="before"))
    end = end_of(resource, spec)
    assert (end.state, end.ended_by, end.resource_job_id) == (ResourceState.FAILED, EndedBy.LOST, pid)
    assert end.reason == "The machine was restarted."
    assert resource.submit(spec) == pid  # and it is not run again
    assert seen(resource, spec) == end


def test_job_without_a_recorded_end_is_lost(world: World, resource: LocalResource, spec: JobSpec) -> None:
    write_running(world, spec, GONE)
    assert seen(resource, spec) == Observation(
        ResourceState.FAILED,
        resource_job_id=GONE.pid,
        reason="The end of the job was not recorded.",
        started_at=datetime.fromtimestamp(1_700_000_000, UTC),
        ended_by=EndedBy.LOST,
    )


def test_job_that_was_asked_to_stop_and_is_gone_was_stopped(
    world: World, resource: LocalResource, spec: JobSpec
) -> None:
    write_running(world, spec, GONE)
    world.state(spec.key).request_stop()
    assert seen(resource, spec).ended_by == EndedBy.STOPPED


def test_empty_state_folder_is_a_job_that_never_began(resource: LocalResource, spec: JobSpec) -> None:
    assert seen(resource, spec).state == ResourceState.ABSENT
    assert resource.known_keys() == {spec.key}


def test_zombie_is_dead(world: World, resource: LocalResource, spec: JobSpec) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    zombie = processes.identify(pid)
    assert zombie is not None
    write_running(world, spec, zombie)
    assert seen(resource, spec).ended_by == EndedBy.LOST
    os.waitpid(pid, 0)


@pytest.mark.parametrize("name", [records.RUNNING, records.ENDED])
@pytest.mark.parametrize("content", ["", "{", "null", "[]", "{}", '{"child": 1}', "\0" * 100, '"x"', "1e999"])
def test_garbled_record_leaves_the_job_unknown(
    world: World, resource: LocalResource, spec: JobSpec, name: str, content: str
) -> None:
    (world.state(spec.key).folder / name).write_text(content)
    assert seen(resource, spec).state == ResourceState.UNREACHABLE
    assert seen(resource, spec).reason == "The records of this job are invalid."


@pytest.mark.parametrize(
    "change",
    [{"ended_by": "magic"}, {"ended_at": 1e300}, {"ended_at": "soon"}, {"exit_code": "0"}, {"exit_code": 0.5}],
)
def test_invalid_end_record_leaves_the_job_unknown(
    world: World, resource: LocalResource, spec: JobSpec, change: dict[str, object]
) -> None:
    (world.state(spec.key).folder / records.ENDED).write_text(json.dumps(ENDED | change))
    assert seen(resource, spec).state == ResourceState.UNREACHABLE


def test_garbled_job_does_not_hide_the_others(world: World, resource: LocalResource, spec: JobSpec) -> None:
    (world.state(spec.key).folder / records.RUNNING).write_text("{")
    other = world.spec()
    resource.submit(other)
    states = {key: found.state for key, found in resource.observe([spec.key, other.key]).items()}
    assert states == {spec.key: ResourceState.UNREACHABLE, other.key: ResourceState.RUNNING}


def test_garbled_job_is_neither_run_again_nor_forgotten(world: World, resource: LocalResource, spec: JobSpec) -> None:
    (world.state(spec.key).folder / records.RUNNING).write_text("{")
    for call in (partial(resource.submit, spec), partial(resource.forget, spec.key), partial(resource.stop, spec.key)):
        with pytest.raises(Exception, match="records are invalid"):
            call()
    assert resource.known_keys() == {spec.key}


def test_state_folder_that_is_a_file_leaves_the_job_unknown(world: World, resource: LocalResource) -> None:
    spec = world.spec()
    (world.base / "data").mkdir()
    (world.base / "data" / spec.key).write_text("")
    assert seen(resource, spec).state == ResourceState.UNREACHABLE


@pytest.mark.slow
def test_observing_does_not_block_a_start(world: World, resource: LocalResource) -> None:
    enough = Event()
    specs = [world.spec("true") for _ in range(10)]
    keys = [spec.key for spec in specs]

    def look() -> None:
        while not enough.is_set():
            world.resource().observe(keys)

    watcher = Thread(target=look)
    watcher.start()
    for spec in specs:
        resource.submit(spec)
    ends = [end_of(resource, spec).state for spec in specs]
    enough.set()
    watcher.join()
    assert ends == [ResourceState.SUCCEEDED] * 10


def test_invalid_key_is_unknown(world: World, resource: LocalResource, spec: JobSpec) -> None:
    (world.base / "data" / "lost+found").mkdir()
    assert resource.known_keys() == {spec.key}
