"""Messages about commands that fail because something is missing, with real shells and programs."""

import sys

import pytest

from plugins.job_type.reana_workflow.worlds import World
from user_workspaces.plugins.job_type.reana_workflow.runner import missing
from user_workspaces.workflows.storage.journal import JournalStatus

ADVICE = (
    " This server runs commands without their container image. Install {} in the environment of a workspace and start "
    "the run from that workspace, or ask your administrator for a container runtime."
)
NO_FILE = " does not exist. Paths start at the workspace of the run; list files that a step reads in `inputs`."
PYTHON = sys.executable
MADE = "printf '#!{}\\n' > it; chmod +x it; ./it"


def said(world: World, command: str, **environment: str) -> str:
    """Run one command that fails, and return what is said of it."""
    world.plan(command)
    assert world.run(environment=environment) == (1, "")
    step = world.read().steps[0]
    assert step.status is JournalStatus.FAILED
    assert f" failed with exit code {step.exit_code}. {step.message}".rstrip() + "\n" in world.read().engine_log
    return step.message


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("nosuch --option 'a b'", "nosuch"),
        ("nosuch; ls also-nosuch", "nosuch"),
        ("exec nosuch", "nosuch"),
        ("sh -c nosuch", "nosuch"),
        ("env nosuch", "nosuch"),
        ("timeout 5 nosuch", "nosuch"),
        ("xargs nosuch < /dev/null", "nosuch"),
        (MADE.format("/usr/bin/env nosuch"), "nosuch"),
        ("printf 'true\\nnosuch\\n' > it.sh; bash it.sh", "nosuch"),
    ],
)
def test_command_that_is_missing_is_named_with_what_to_do(world: World, command: str, name: str) -> None:
    expected = f"The command {name} is missing from the environment of this machine." + ADVICE.format(name)
    assert said(world, command) == expected.format(workspace=world.workspace)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (f"{PYTHON} -c 'import nosuch.part'", "nosuch"),
        (f"{PYTHON} -c 'import json.nosuch'", "json.nosuch"),
        (f"{PYTHON} -m nosuch", "nosuch"),
        (f"{PYTHON} -c 'import nosuch' || {{ echo that failed; exit 5; }}", "nosuch"),
        ("echo 'ImportError: No module named nosuch' >&2; exit 1", "nosuch"),
    ],
)
def test_python_package_that_is_missing_is_named(world: World, command: str, name: str) -> None:
    expected = f"Python package {name} is missing from the environment of this machine." + ADVICE.format(name)
    assert said(world, command) == expected.format(workspace=world.workspace)


@pytest.mark.soak
def test_r_package_that_is_missing_is_named(world: World) -> None:
    complaint = "Error in library(dplyr) : there is no package called \u2018dplyr\u2019"
    message = said(world, f"echo '{complaint}' >&2; echo Execution halted; exit 1")
    assert message == "R package dplyr is missing from the environment of this machine." + ADVICE.format("dplyr")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("./nosuch", "./nosuch" + NO_FILE),
        ("bash nosuch.sh", "nosuch.sh" + NO_FILE),
        ("cd nosuch", "nosuch" + NO_FILE),
        ("echo > no/such/file", "no/such/file" + NO_FILE),
        (
            "echo true > it; ./it",
            "./it is not executable. Call its interpreter (such as `bash ./it`), or run `chmod +x ./it` before it.",
        ),
        ("mkdir it; ./it", "./it is a folder, not a command."),
        ("printf '\\0\\0' > it; chmod +x it; ./it", "./it is not a program for this machine."),
        ("exit 126", "A file that it calls as a command is not executable."),
        ("exit 3", ""),
        ("echo 'INFO: 404: /api/x: not found' >&2; exit 1", ""),
        ("cat data/a.csv", "data/a.csv" + NO_FILE),
        ("head -n 1 'data/my file.csv'", "data/my file.csv" + NO_FILE),
        ("cp a.csv b.csv", "a.csv" + NO_FILE),
        ("python3 fit.py", "{workspace}/fit.py" + NO_FILE),
        ("python3 -c 'open(\"data/a.csv\")'", "data/a.csv" + NO_FILE),
        ("echo \"cannot open file 'a.csv': No such file or directory\" >&2; exit 1", "a.csv" + NO_FILE),
        ("echo 'nothing was not found'; exit 3", ""),
        ("nosuch; for i in $(seq 20); do echo $i; done; exit 3", ""),
    ],
)
def test_file_that_cannot_be_used_is_named(world: World, command: str, expected: str) -> None:
    assert said(world, command) == expected.format(workspace=world.workspace)


def test_command_that_says_nothing_is_explained_by_its_exit_code(world: World) -> None:
    message = said(world, "nosuch 2> /dev/null")
    assert message == "A command that it calls is missing from the environment of this machine."


def test_environment_is_called_what_its_user_calls_it(world: World) -> None:
    assert "the environment of workspace Fit." in said(world, "nosuch", UWS_SYSTEM_PATH="/usr/bin:/bin")


@pytest.mark.parametrize(
    "command", ["nosuch", "echo 'exec: \"nosuch\": stat nosuch: no such file or directory'; exit 127"]
)
def test_in_an_image_the_image_is_named(world: World, command: str) -> None:
    world.plan(command, uses_images=True)
    assert world.run() == (1, "")
    assert world.read().steps[0].message == "The command nosuch is missing from the image python:3."


def test_container_runtime_that_is_missing_is_named(world: World) -> None:
    world.plan("true", argv=["/nonexistent/docker"], uses_images=True)
    assert world.run() == (1, "")
    assert world.read().steps[0].message == "/nonexistent/docker: No such file or directory"


def test_hostile_output_costs_little_and_stays_one_line(world: World) -> None:
    (world.workspace / "long").write_text("a." * 100_000 + "/a: " * 100_000)
    world.plan("cat long; printf '\\nsh: \\033[31m{x}: not found'; exit 1")
    assert world.run() == (1, "")
    message = world.read().steps[0].message
    assert message.startswith("The command [31m{x} is missing from the environment of ")


@pytest.mark.parametrize("text", ["a" * 5000, ": " * 3000, "a.a/" * 3000 + ": 1: x", "sh: " + "x: " * 3000, "\0\ud800"])
def test_no_text_takes_long_or_raises(text: str) -> None:
    for code in (1, missing.NOT_EXECUTABLE, missing.NOT_FOUND):
        missing.explain(missing.Failure(code, "\n".join([text] * 50), "x"))
