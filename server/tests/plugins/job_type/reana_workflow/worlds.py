"""A run in a world of its own: its directories, its plan, and real runners."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from user_workspaces.plugins.job_type.reana_workflow import delivery
from user_workspaces.testing.waiting import eventually
from user_workspaces.workflows.storage.journal import RunState, read

DYING = Path(__file__).with_name("dying_runner.py")
LIMIT_SECONDS = 120.0
IS_ROOT = os.geteuid() == 0
TAG = "REANA_JOB_UUID"


@dataclass
class World:
    """One run."""

    base: Path
    runners: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state, self.workspace = self.base / "state", self.base / "work space's"
        self.archive = self.base / "runner.pyz"
        self.archive.write_bytes(delivery.archive())
        self.state.mkdir(mode=0o700)
        self.workspace.mkdir()

    def plan(self, *commands: str | list[str], **runtime: object) -> None:
        """A step for each command, or list of commands."""
        steps = [
            {"name": f"step{number}", "environment": "python:3", "commands": [one] if isinstance(one, str) else one}
            for number, one in enumerate(commands)
        ]
        how = {"name": "none", "argv": [], **runtime}
        self.write_plan({"version": 1, "steps": steps, "runtime": how, "environment_name": "workspace Fit"})

    def write_plan(self, plan: object) -> None:
        (self.state / "plan.json").write_text(json.dumps(plan))

    def arguments(self, *more: str) -> list[str]:
        return ["--state", str(self.state), "--workspace", str(self.workspace), "--grace-seconds", "1", *more]

    def start(
        self, *more: str, environment: dict[str, str] | None = None, kilobytes: int = 0
    ) -> subprocess.Popen[bytes]:
        """Start a runner; `kilobytes`: no file that it writes may be longer."""
        return self._popen([str(self.archive), *self.arguments(*more)], environment, kilobytes)

    def start_dying(self, number: int, *, who: str = "all", when: str = "after") -> subprocess.Popen[bytes]:
        """Start a runner that dies at a line of the journal."""
        command = [str(DYING), str(self.archive), str(number), who, when, *self.arguments()]
        return self._popen(command, None)

    def _popen(
        self, command: list[str], environment: dict[str, str] | None, kilobytes: int = 0
    ) -> subprocess.Popen[bytes]:
        limit = ["prlimit", f"--fsize={kilobytes * 1024}"] if kilobytes else []
        complaints = self.base / f"complaints.{len(self.runners)}"  # a file: guards outlive their runners
        with complaints.open("wb") as errors:
            environment = {**os.environ, **(environment or {})}
            runner = subprocess.Popen([*limit, sys.executable, "-EsB", *command], stderr=errors, env=environment)
        self.runners.append(runner)
        return runner

    def run(self, *more: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
        """Run to the end; return the exit code and what it complained of."""
        return self.outcome(self.start(*more, environment=environment))

    def outcome(self, runner: subprocess.Popen[bytes]) -> tuple[int, str]:
        code = runner.wait(timeout=LIMIT_SECONDS)
        return code, (self.base / f"complaints.{self.runners.index(runner)}").read_text()

    def journal(self) -> bytes:
        path = self.state / "journal.jsonl"
        return path.read_bytes() if path.exists() else b""

    def read(self) -> RunState:
        return read(self.journal())

    def records(self) -> list[dict[str, object]]:
        """All whole records."""
        found = []
        for line in self.journal().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def log(self, number: int = 0) -> bytes:
        """The output of a command, by its place among all commands."""
        return (self.state / "logs" / f"{self.read().steps[number].uuid}.log").read_bytes()

    def files(self) -> list[str]:
        """The names of the files in the workspace that its commands made."""
        return sorted(path.name for path in self.workspace.iterdir() if path.name != "environment.lock")

    def until_there_is(self, name: str) -> Path:
        """Wait for a file in the workspace."""
        path = self.workspace / name
        eventually(path.exists, limit_seconds=LIMIT_SECONDS)
        return path

    def processes(self) -> list[int]:
        """All that lives of the commands and their guards."""
        found, here = [], str(self.base).encode()
        for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  names are enough
            try:
                environ, line = (Path(f"/proc/{name}/{what}").read_bytes() for what in ("environ", "cmdline"))
                state = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()[0]
            except OSError:
                continue
            if (here in environ or here in line) and state not in b"ZX":
                found.append(int(name))
        return found
