"""Stopped runs, and commands that resist SIGTERM."""

import os
import signal

import pytest

from plugins.job_type.reana_workflow.worlds import LIMIT_SECONDS, World
from user_workspaces.testing.waiting import eventually
from user_workspaces.workflows.storage.journal import JournalStatus


def test_stop_ends_the_command_politely(world: World) -> None:
    world.plan("trap 'echo bye; exit 9' TERM; touch begun; while true; do sleep 0.05; done", "touch never")
    runner = world.start()
    world.until_there_is("begun")
    runner.terminate()
    assert world.outcome(runner) == (143, "")
    state = world.read()
    assert [step.status.value for step in state.steps] == ["stopped", "created"]
    assert (state.status, state.steps[0].exit_code) == (JournalStatus.STOPPED, 9)
    assert world.log().endswith(b"bye\n")


def test_stop_kills_what_ignores_it(world: World) -> None:
    world.plan("trap '' TERM; (trap '' TERM; exec sleep 1000) & touch begun; while true; do sleep 0.05; done")
    runner = world.start()
    world.until_there_is("begun")
    runner.terminate()
    assert world.outcome(runner) == (143, "")
    assert (world.read().steps[0].status, world.processes()) == (JournalStatus.STOPPED, [])


def test_stop_reaches_what_left_the_process_group(world: World) -> None:
    world.plan("setsid bash -c 'setsid sleep 1000 & touch begun; sleep 1000' & wait")
    runner = world.start()
    world.until_there_is("begun")
    runner.terminate()
    assert (world.outcome(runner), world.processes()) == ((143, ""), [])


@pytest.mark.parametrize("line", range(1, 8))
def test_stop_at_any_line_ends_in_order(world: World, line: int) -> None:
    """The run is killed at a line, and the next runner is stopped at once."""
    world.plan("echo >> done; sleep 0.2", "echo >> done")
    world.outcome(world.start_dying(line, who="runner"))
    runner = world.start()
    eventually((world.state / "run.lock").exists, limit_seconds=LIMIT_SECONDS)
    runner.terminate()
    code, complaint = world.outcome(runner)
    assert (code in (143, 0, -signal.SIGTERM), complaint) == (True, "")  # it may come before the runner listens
    if code == -signal.SIGTERM:
        code = world.run()[0]
    expected = JournalStatus.FINISHED if code == 0 else JournalStatus.STOPPED
    eventually(lambda: not world.processes(), limit_seconds=LIMIT_SECONDS)
    assert world.read().status is expected
    assert JournalStatus.RUNNING not in {step.status for step in world.read().steps}


def test_stop_of_an_adopted_command_ends_it(world: World) -> None:
    world.plan("touch begun; sleep 1000")
    first = world.start()
    world.until_there_is("begun")
    first.kill()
    world.outcome(first)
    second = world.start()
    inode = f":{(world.state / 'run.lock').stat().st_ino} "
    eventually(lambda: _is_listening(second.pid, inode), limit_seconds=LIMIT_SECONDS)
    second.terminate()
    assert world.outcome(second) == (143, "")
    assert (world.read().steps[0].status, world.processes()) == (JournalStatus.STOPPED, [])


def _is_listening(pid: int, inode: str) -> bool:
    """Return True if a runner holds its lock and handles SIGTERM."""
    with open("/proc/locks") as locks:  # noqa: PTH123  it is no ordinary file
        held = any(inode in line and f" {pid} " in line for line in locks)
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123  a file of the kernel
        caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
    return held and bool(caught & 1 << (signal.SIGTERM - 1))


def test_stop_of_the_guard_alone_stops_the_run(world: World) -> None:
    """A resource that stops a job sends the signal to all of its processes, in any order."""
    world.plan("touch begun; sleep 1000", "touch never")
    runner = world.start()
    world.until_there_is("begun")
    guard = world.records()[-1]["guard"]
    assert isinstance(guard, list)
    os.kill(guard[0], signal.SIGTERM)
    assert world.outcome(runner) == (143, "")
    assert world.read().status is JournalStatus.STOPPED


def test_daemon_that_holds_the_output_is_ended_with_its_command(world: World) -> None:
    world.plan("setsid bash -c 'while true; do echo noise; sleep 0.01; done' & sleep 0.1; echo last", "echo next")
    assert world.run() == (0, "")
    assert (b"last\n" in world.log(0), world.log(1), world.processes()) == (True, b"next\n", [])


def test_output_that_is_closed_early_does_not_end_the_command(world: World) -> None:
    world.plan("exec >&- 2>&-; until [ -e go ]; do sleep 0.05; done; touch done")
    runner = world.start()
    eventually(lambda: len(world.records()) > 1, limit_seconds=LIMIT_SECONDS)
    (world.workspace / "go").touch()
    assert world.outcome(runner) == (0, "")
    assert (world.workspace / "done").exists()
