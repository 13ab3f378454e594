"""Runs from their plan to their exit code."""

import ast
import json
import signal
import sys
from pathlib import Path

import pytest

from plugins.job_type.reana_workflow.worlds import TAG, World
from user_workspaces.plugins.job_type.reana_workflow import delivery
from user_workspaces.plugins.job_type.reana_workflow.runner.environment import ACTIVATED
from user_workspaces.workflows.storage.journal import JournalStatus


def test_steps_run_in_order_in_the_workspace(world: World) -> None:
    world.plan(["echo one > a", "cat a > b; echo two >> b"], "cat b; pwd")
    assert world.run() == (0, "")
    assert world.log(2).decode() == f"one\ntwo\n{world.workspace}\n"
    assert [(step.number, step.name, step.exit_code) for step in world.read().steps] == [
        (0, "step0", 0),
        (0, "step0", 0),
        (1, "step1", 0),
    ]


def test_each_command_has_a_shell_of_its_own(world: World) -> None:
    world.plan(["cd /; export KEPT=yes; true", 'echo "$PWD [$KEPT]"'])
    assert world.run() == (0, "")
    assert world.log(1).decode() == f"{world.workspace} []\n"


def test_failing_command_ends_the_run(world: World) -> None:
    world.plan(["echo before", "exit 3", "touch never"], "touch never")
    assert world.run() == (1, "")
    state = world.read()
    assert [step.status.value for step in state.steps] == ["finished", "failed", "created", "created"]
    assert (state.status, state.steps[1].exit_code, state.progress.current_command) == (
        JournalStatus.FAILED,
        3,
        "exit 3",
    )
    assert not (world.workspace / "never").exists()


def test_command_ended_by_a_signal_fails_with_its_number(world: World) -> None:
    world.plan("kill -SEGV $$")
    assert world.run() == (1, "")
    step = world.read().steps[0]
    assert (step.exit_code, step.message) == (128 + signal.SIGSEGV, "It was ended by signal 11.")


def test_time_limit_ends_the_command_and_all_it_started(world: World) -> None:
    step = {"name": "s", "environment": "", "commands": ["sleep 1000 & sleep 1000"], "time_limit_seconds": 1}
    world.write_plan({"version": 1, "steps": [step]})
    assert world.run() == (1, "")
    assert (world.read().steps[0].message, world.processes()) == ("It reached its time limit.", [])


def test_warning_of_the_runtime_is_said_once(world: World) -> None:
    world.plan("true", "true", warning="NOTHING IS AS YOU THINK")
    world.outcome(world.start_dying(3))
    assert world.run() == (0, "")
    assert world.read().engine_log.count("NOTHING IS AS YOU THINK") == 1


def test_missing_warning_is_empty(world: World) -> None:
    world.plan("true")
    assert world.run() == (0, "")
    assert "WARNING" not in world.read().engine_log


def test_runtime_takes_the_command_and_the_uuid(world: World) -> None:
    world.plan("the; 'command'", argv=["/bin/echo", "--name={uuid}", "-c"], warning="")
    assert world.run() == (0, "")
    assert world.log().decode() == f"--name={world.read().steps[0].uuid} -c the; 'command'\n"


def test_processes_of_a_failed_command_are_ended(world: World) -> None:
    cleanup = ["/usr/bin/touch", str(world.workspace / "cleaned-{uuid}")]
    world.plan("true", "exit 1", cleanup=cleanup)
    assert world.run() == (1, "")
    assert world.files() == [f"cleaned-{world.read().steps[1].uuid}"]


def test_environment_is_clean_and_holds_what_is_declared(world: World) -> None:
    world.plan("env -0")
    plan = json.loads((world.state / "plan.json").read_text())
    world.write_plan({**plan, "variables": {"DECLARED": "a b\nc"}})
    secrets = world.state / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "environment.json").write_text('{"PASSWORD": "open sesame"}')
    assert world.run(environment={"LEAKED": "from the job", "LANG": "C.UTF-8"}) == (0, "")
    found = dict(item.split("=", 1) for item in world.log().decode().split("\0") if item)
    of_the_account = {"HOME", "PATH", "USER", "LOGNAME", "SHELL", "TZ", "LD_LIBRARY_PATH"}
    for name in ("_", "SHLVL", "PWD", *of_the_account, *ACTIVATED):
        found.pop(name, None)
    assert found == {
        "LANG": "C.UTF-8",
        "DECLARED": "a b\nc",
        "PASSWORD": "open sesame",
        "REANA_WORKSPACE": str(world.workspace),
        "REANA_SECRETS_DIR": str(secrets / "files"),
        TAG: world.read().steps[0].uuid,
    }


def test_secret_is_written_nowhere_and_is_removed_with_the_run(world: World) -> None:
    secrets = world.state / "secrets"
    (secrets / "files").mkdir(parents=True)
    secrets.chmod(0o700)
    (secrets / "environment.json").write_text('{"PASSWORD": "opensesame"}')
    (secrets / "files" / "keytab").write_text("opensesame")
    shown = "tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$$/cmdline"
    world.plan(f'test "$PASSWORD" = "$(cat $REANA_SECRETS_DIR/keytab)" && {shown}')
    assert world.run() == (0, "")
    left = [path for path in world.base.rglob("*") if path.is_file() and b"opensesame" in path.read_bytes()]
    assert (left, secrets.exists()) == ([], False)


@pytest.mark.parametrize(
    ("mode", "content", "message"),
    [
        (0o755, "{}", "The directory of the secrets is accessible to other accounts, so nothing is run."),
        (0o700, '{"PASSWORD": 7}', "The secrets of this run cannot be read."),
        (0o700, '{"PASSWORD": "x', "The secrets of this run cannot be read."),
        (0o700, "[]", "The secrets of this run cannot be read."),
    ],
)
def test_secrets_that_cannot_be_used_fail_the_command(world: World, mode: int, content: str, message: str) -> None:
    world.plan("touch never")
    (world.state / "secrets").mkdir()
    (world.state / "secrets").chmod(mode)
    (world.state / "secrets" / "environment.json").write_text(content)
    assert world.run() == (1, "")
    assert (world.read().steps[0].message, (world.workspace / "never").exists()) == (message, False)


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"version": 2, "steps": []}',
        '{"version": 1}',
        '{"version": 1, "steps": 7}',
        '{"version": 1, "steps": [{"name": "x"}]}',
        '{"version": 1, "steps": [{"commands": "not a list"}]}',
        '{"version": 1, "steps": [{"commands": ["a\\u0000b"]}]}',
        '{"version": 1, "steps": [{"commands": ["a"], "time_limit_seconds": "soon"}]}',
        '{"version": 1, "steps": [], "runtime": {"unknown": "x"}}',
        '{"version": 1, "steps": [], "runtime": {"argv": [7]}}',
        '{"version": 1, "steps": [], "variables": {"A": 1}}',
    ],
)
def test_plan_that_is_damaged_ends_the_run_with_a_reason(world: World, plan: str) -> None:
    (world.state / "plan.json").write_text(plan)
    code, complaint = world.run()
    assert (code, complaint.startswith("The plan of this run is invalid: "), "\n" in complaint.strip()) == (
        74,
        True,
        False,
    )
    assert (world.read().status, world.read().message) == (JournalStatus.FAILED, complaint.strip())


def test_plan_that_is_missing_ends_the_run_with_a_reason(world: World) -> None:
    assert world.run() == (74, "The plan of this run cannot be read: No such file or directory.\n")
    assert world.read().status is JournalStatus.FAILED


def test_plan_that_changed_ends_the_run_with_a_reason(world: World) -> None:
    world.plan("touch a", "touch b")
    world.outcome(world.start_dying(3))
    world.plan("touch c", "touch d")
    assert world.run() == (74, "The plan has changed since the start of this run.\n")
    assert not {"c", "d"} & {path.name for path in world.workspace.iterdir()}


def test_state_directory_that_is_missing_is_said(world: World) -> None:
    world.state.rmdir()
    assert world.run() == (74, "The state directory of this run cannot be used: No such file or directory.\n")


def test_journal_that_takes_no_more_ends_the_run_with_a_reason(world: World) -> None:
    world.plan("x=" + "x" * 3000, "touch never")
    runner = world.start(kilobytes=1)
    assert world.outcome(runner) == (74, "The journal cannot be written: File too large.\n")
    assert not (world.workspace / "never").exists()
    assert world.run() == (0, "")  # once there is room again


def test_journal_that_takes_no_end_ends_the_run_with_a_reason(world: World) -> None:
    world.plan("true", "touch never")
    for number in range(1, 5):  # wherever the room ends
        world.outcome(world.start(kilobytes=number))
    code, complaint = world.run()
    assert (code, complaint) == (0, "")
    assert world.read().status is JournalStatus.FINISHED


@pytest.mark.parametrize("name", ["journal.jsonl", "run.lock", "plan.json"])
def test_directory_in_place_of_a_file_ends_the_run_with_a_reason(world: World, name: str) -> None:
    world.plan("true")
    (world.state / name).unlink(missing_ok=True)
    (world.state / name).mkdir()
    code, complaint = world.run()
    assert (code, complaint.endswith("Is a directory.\n")) == (74, True)


def test_journal_that_is_a_link_is_not_followed(world: World) -> None:
    world.plan("true")
    (world.state / "journal.jsonl").symlink_to("/dev/full")
    assert world.run()[0] == 74


def test_log_that_cannot_be_written_fails_the_command(world: World) -> None:
    world.plan("touch never")
    (world.state / "logs").write_text("in the way")
    assert world.run() == (1, "")
    assert world.read().steps[0].message == "The log cannot be written: File exists."


def test_workspace_that_is_missing_fails_the_command(world: World) -> None:
    world.plan("true")
    world.workspace.rmdir()
    assert world.run() == (1, "")
    assert "No such file or directory" in world.read().steps[0].message


@pytest.mark.parametrize("command", ["x" * 200_000, "no-such-program-here", "--help", "\ud800", "", "$("])
def test_hostile_commands_end_the_run_in_order(world: World, command: str) -> None:
    world.plan(command, "touch after")
    code, complaint = world.run()
    assert (complaint, code) == ("", int(world.read().status is not JournalStatus.FINISHED))
    assert (world.workspace / "after").exists() == (code == 0)


def test_hostile_names_stay_texts(world: World) -> None:
    name = "../../etc/passwd\n{uuid} $(touch evil) \u202e\x1b[31m"
    step = {"name": name, "environment": "--privileged", "commands": ["true"], "compute_backend": name}
    world.write_plan({"version": 1, "steps": [step]})
    assert world.run() == (0, "")
    assert (world.read().steps[0].name, world.files()) == (name, [])
    assert sorted(path.name for path in world.base.iterdir())[-3:] == ["runner.pyz", "state", "work space's"]


@pytest.mark.parametrize("source", sorted(delivery.FOLDER.glob("*.py")), ids=lambda path: str(path.name))
def test_sources_are_of_the_oldest_python(source: Path) -> None:
    tree = ast.parse(source.read_text(), feature_version=(3, 8))
    roots = {name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    roots |= {str(node.module).split(".")[0] for node in froms}
    assert roots <= sys.stdlib_module_names
