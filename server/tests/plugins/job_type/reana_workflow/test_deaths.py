"""Runners that die at any line, and what the next one makes of it."""

import os
import signal
from collections import Counter

import pytest

from plugins.job_type.reana_workflow.worlds import LIMIT_SECONDS, World
from support.budget import budget
from user_workspaces.testing.waiting import eventually
from user_workspaces.workflows.storage.journal import JournalStatus

STEPS = 3
LINES = 3 + 2 * STEPS
"""The run, its environment, a start and an end of each, and that it is over."""


def plan_of_three(world: World) -> None:
    world.plan(*(f"echo did {number} | tee -a done; sleep 0.02; echo end >> ends" for number in range(STEPS)))


@pytest.mark.parametrize("when", ["before", "torn", "after"])
@pytest.mark.parametrize("who", ["all", "runner", "writer"])
@pytest.mark.parametrize("line", range(1, LINES + 1, budget(16, full=1)))
def test_run_killed_at_any_line_continues_to_its_end(world: World, line: int, who: str, when: str) -> None:
    plan_of_three(world)
    world.outcome(world.start_dying(line, who=who, when=when))
    recorded = {step.uuid: step for step in world.read().steps if step.status is JournalStatus.FINISHED}
    done_before = (world.workspace / "done").read_text() if recorded else ""
    assert world.run() == (0, "")
    state = world.read()
    assert [step.status for step in state.steps] == [JournalStatus.FINISHED] * STEPS
    assert (state.status, state.progress.total, len(state.progress.finished)) == (JournalStatus.FINISHED, STEPS, STEPS)
    done = (world.workspace / "done").read_text().splitlines()
    assert list(dict.fromkeys(done)) == [f"did {number}" for number in range(STEPS)]
    for number, step in enumerate(state.steps):
        if step.uuid in recorded:  # what was on record as finished is the same as before, and did its work once
            assert (recorded[step.uuid], done.count(f"did {number}")) == (step, done_before.count(f"did {number}"))
        assert done.count(f"did {number}") <= step.starts
    assert sum(max(step.starts, 1) for step in state.steps) <= STEPS + 1
    ends = Counter(str(record.get("uuid")) for record in world.records() if record["event"] == "end")
    assert sorted(ends.values()) == [1] * STEPS


@pytest.mark.parametrize("line", [3, 5, 7])
def test_command_of_a_killed_runner_is_adopted_and_runs_once(world: World, line: int) -> None:
    plan_of_three(world)
    world.outcome(world.start_dying(line + 1, who="runner", when="before"))
    assert world.run() == (0, "")
    assert (world.workspace / "done").read_text() == "did 0\ndid 1\ndid 2\n"
    assert [step.starts for step in world.read().steps] == [1] * STEPS


def test_command_that_runs_while_its_runner_dies_is_waited_for(world: World) -> None:
    world.plan("echo $$ > pid; until [ -e go ]; do sleep 0.05; done; echo after", "echo second")
    first = world.start()
    world.until_there_is("pid")
    first.kill()
    assert world.outcome(first) == (-signal.SIGKILL, "")
    second = world.start()
    eventually(lambda: len(world.processes()) > 2, limit_seconds=LIMIT_SECONDS)
    (world.workspace / "go").touch()
    assert world.outcome(second) == (0, "")
    assert [step.starts for step in world.read().steps] == [1, 1]
    assert world.log() == b"after\n"


def test_command_whose_guard_and_runner_are_killed_runs_again_and_that_is_said(world: World) -> None:
    world.plan("echo try >> tries; if [ -e again ]; then exit 0; fi; touch again; sleep 1000")
    first = world.start()
    world.until_there_is("again")
    guard = world.records()[-1]["guard"]
    assert isinstance(guard, list)
    first.kill()
    os.kill(guard[0], signal.SIGKILL)
    assert world.run() == (0, "")
    assert (world.workspace / "tries").read_text() == "try\ntry\n"
    assert "Interrupted; runs again from its start" in world.read().engine_log
    assert world.read().steps[0].starts == 2
    assert world.processes() == []


def test_orphans_of_a_killed_guard_are_ended_before_the_command_runs_again(world: World) -> None:
    orphan = "setsid sleep 1001 & echo $! > orphan; touch again"
    look = "grep -qs '^State:.[^ZX]' /proc/$(cat orphan)/status && echo lives || echo dead"  # a zombie is dead
    world.plan(f"if [ -e again ]; then {look}; exit; fi; {orphan}; wait")
    first = world.start()
    world.until_there_is("again")
    guard = world.records()[-1]["guard"]
    assert isinstance(guard, list)
    first.kill()
    os.kill(guard[0], signal.SIGKILL)
    assert world.run() == (0, "")
    assert world.log().splitlines()[-1] == b"dead"


def test_command_that_kills_its_guard_each_time_ends_the_run(world: World) -> None:
    world.plan("echo >> tries; kill -9 $PPID; sleep 1000", "touch never")
    assert world.run() == (1, "")
    assert world.read().steps[0].message == "The command was killed repeatedly."
    assert (world.workspace / "tries").read_text() == "\n" * 3
    assert not (world.workspace / "never").exists()


def test_run_that_is_over_is_not_run_again(world: World) -> None:
    world.plan("echo >> done", "exit 7")
    assert world.run() == (1, "")
    journal = world.journal()
    assert world.run() == (1, "")
    assert world.journal() == journal
    assert (world.workspace / "done").read_text() == "\n"


@pytest.mark.parametrize(
    "rubbish", [b"\n{", b"\xff\xfe\n", b'\n{"event": "end", "uuid": ["x"]}', b"[[[[", b'\n"text"\n7\n']
)
def test_rubbish_in_the_journal_is_passed_over(world: World, rubbish: bytes) -> None:
    plan_of_three(world)
    world.outcome(world.start_dying(4, when="before"))
    with (world.state / "journal.jsonl").open("ab") as journal:
        journal.write(rubbish)
    assert world.run() == (0, "")
    assert world.read().status is JournalStatus.FINISHED


def test_concurrent_runners_run_each_command_once(world: World) -> None:
    world.plan("echo x >> done; sleep 0.2", "echo y >> done")
    outcomes = [world.outcome(runner) for runner in [world.start() for _ in range(4)]]
    assert (0, "") in outcomes
    assert set(outcomes) <= {(0, ""), (75, "Another runner is executing this run.\n")}
    assert (world.workspace / "done").read_text() == "x\ny\n"


def test_second_runner_leaves_while_the_first_one_works(world: World) -> None:
    world.plan("touch begun; until [ -e go ]; do sleep 0.05; done")
    first = world.start()
    world.until_there_is("begun")
    assert world.run() == (75, "Another runner is executing this run.\n")
    (world.workspace / "go").touch()
    assert world.outcome(first) == (0, "")
