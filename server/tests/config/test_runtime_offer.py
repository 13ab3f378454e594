"""The offer of a container runtime: a prompt once in a real terminal, and a line of text elsewhere."""

import json
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.docker_engine import docker_engine
from support.server_process import REPOSITORY
from user_workspaces.config.load_config import EMBEDDED_DEFAULT
from user_workspaces.config.runtime_detection import DOCKER, PODMAN, Detected, detect
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.slow

OFFER = """
import sys
from pathlib import Path
from user_workspaces.config import runtime_detection, runtime_offer

runtime_detection.JOB_PATH = sys.argv[2]
runtime_offer.PATIENCE_SECONDS = float(sys.argv[3])
runtime_offer.os.geteuid = lambda: int(sys.argv[4])
say = lambda text: print(text, file=sys.stderr)
runtime_offer.offer_containers(Path(sys.argv[1]), may_ask=sys.argv[5] == "ask", say=say)
"""
QUESTION = "Docker found. Run workflow steps in containers? [Y/n] "
AS_ROOT = (
    "Docker found. Run workflow steps in containers? Users must be in the group docker, which gives them root access "
    "to this machine. [y/N] "
)
LIMIT_SECONDS = 60.0


@dataclass
class Machine:
    """A folder with programs and a configuration."""

    folder: Path
    patience: float = LIMIT_SECONDS
    uid: int = 1000
    may_ask: bool = True

    @property
    def config(self) -> Path:
        return self.folder / "config.json"

    def install(self, name: str, script: str) -> None:
        program = self.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def command(self) -> list[str]:
        arguments = [str(self.config), f"{self.folder}/bin:/usr/bin:/bin", str(self.patience), str(self.uid)]
        return [sys.executable, "-c", OFFER, *arguments, "ask" if self.may_ask else "say"]

    def without_a_terminal(self) -> str:
        done = subprocess.run(
            self.command(), stdin=subprocess.DEVNULL, capture_output=True, check=True, env=self.environment()
        )
        return done.stderr.decode()

    def in_a_terminal(self, keys: str, *, after: str = "containers? ") -> str:
        """Type keys as soon as a text is shown; return the whole output."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(sys.executable, self.command(), self.environment())  # noqa: S606  no shell is wanted
        settings, shown, typed = termios.tcgetattr(terminal), "", False
        while select.select([terminal], [], [], LIMIT_SECONDS)[0]:
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            shown += piece.decode()
            if not typed and after in shown and shown.endswith("] "):
                eventually(lambda: not termios.tcgetattr(terminal)[3] & termios.ICANON, limit_seconds=LIMIT_SECONDS)
                os.write(terminal, keys.encode())
                typed = True
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
        with suppress(termios.error):
            assert termios.tcgetattr(terminal) == settings
        os.close(terminal)
        return shown.replace("\r\n", "\n")

    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY / "server" / "src")}

    def runtimes(self) -> object:
        return json.loads(self.config.read_text()).get("container_runtimes")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    found = Machine(tmp_path)
    found.config.write_bytes(EMBEDDED_DEFAULT.read_bytes())
    found.install("docker", "echo linux")
    yield found
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("bin", "config.json")] == []


@pytest.mark.parametrize("keys", ["y", "Y", "\r", "xy", "\x1b[A\r"])
def test_yes_is_saved_and_asked_only_once(machine: Machine, keys: str) -> None:
    shown = machine.in_a_terminal(keys)
    assert shown == (
        f"{QUESTION}yes\nWorkflow steps run in containers of Docker (container_runtimes in {machine.config}).\n"
    )
    assert machine.runtimes() == {"docker": {"name": "Docker", "container_runtime_type": "DockerRuntime"}}
    assert machine.in_a_terminal("") == ""


def test_no_is_saved_and_asked_only_once(machine: Machine) -> None:
    shown = machine.in_a_terminal("n")
    assert shown == f"{QUESTION}no\nWorkflow steps run without containers (container_runtimes in {machine.config}).\n"
    assert machine.runtimes() == {"none": {"name": "No containers", "container_runtime_type": "NoContainerRuntime"}}
    assert machine.in_a_terminal("") == ""


@pytest.mark.parametrize(("keys", "patience"), [("", 0.5), ("x", 0.5), ("\x04", LIMIT_SECONDS)])
def test_no_input_changes_nothing(machine: Machine, keys: str, patience: float) -> None:
    machine.patience = patience
    assert "No key was pressed, so nothing was changed." in machine.in_a_terminal(keys)
    assert machine.config.read_bytes() == EMBEDDED_DEFAULT.read_bytes()


def test_unwritable_choice_is_reported(machine: Machine) -> None:
    machine.install("docker", f"echo linux; rm -f {machine.config}")
    assert f"Your choice could not be saved. {machine.config}: cannot be written" in machine.in_a_terminal("y")


def test_prompt_of_root_names_the_required_group_and_defaults_to_no(machine: Machine) -> None:
    machine.uid = 0
    assert machine.in_a_terminal("\r").startswith(f"{AS_ROOT}no\n")
    assert machine.runtimes() == {"none": {"name": "No containers", "container_runtime_type": "NoContainerRuntime"}}


@pytest.mark.parametrize("may_ask", [True, False])
def test_without_a_terminal_a_line_explains_how(machine: Machine, may_ask: bool) -> None:  # noqa: FBT001  a parameter
    machine.may_ask = may_ask
    line = (
        f"Docker found: workflow steps can run in containers (container_runtimes in {machine.config}, "
        "see docs/how-to/run-steps-in-containers.md).\n"
    )
    assert machine.without_a_terminal() == line
    assert machine.config.read_bytes() == EMBEDDED_DEFAULT.read_bytes()
    if not may_ask:
        assert machine.in_a_terminal("") == line


@pytest.mark.parametrize(
    "script", ["exit 1", "echo windows", "echo 'Cannot connect to the Docker daemon' >&2; exit 1", "sleep 1000"]
)
def test_program_that_does_not_work_is_not_offered(
    machine: Machine, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("docker", f"exec {script}" if "sleep" in script else script)
    monkeypatch.setattr("user_workspaces.config.runtime_detection.JOB_PATH", f"{machine.folder}/bin")
    monkeypatch.setattr("user_workspaces.config.runtime_detection.RESPONSE_SECONDS", 1.0)
    monkeypatch.setenv("PATH", str(machine.folder / "bin"))
    assert detect(serves_accounts=False) is None
    machine.install("podman", "echo linux")
    assert detect(serves_accounts=False) == Detected(PODMAN, "podman")


def test_invalid_configuration_is_left_alone(machine: Machine) -> None:
    machine.config.write_text("{")
    assert machine.without_a_terminal() == ""


def test_program_that_jobs_would_not_find_is_named_by_its_path(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.config.runtime_detection.JOB_PATH", "/nonexistent")
    monkeypatch.setenv("PATH", str(machine.folder / "bin"))
    found = detect(serves_accounts=False)
    assert found is not None
    options = {"program": str(machine.folder / "bin" / "docker")}
    assert found.entry() == {
        "docker": {"name": "Docker", "container_runtime_type": "DockerRuntime", "options": options}
    }


@pytest.mark.slow
def test_real_engine_is_found_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with docker_engine() as engine:
        monkeypatch.setenv("PATH", f"{engine.program.parent}:/usr/bin:/bin")
        assert detect(serves_accounts=True) == Detected(DOCKER, str(engine.program))
    assert detect(serves_accounts=True) is None
