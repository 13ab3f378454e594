"""Builds one environment, in a separate process that outlives the server; `store.py` starts it.

It runs as a script, with a `Plan` as JSON on standard input, and imports only the standard library. It can be killed at
any line: an environment is complete when its marker file is written.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MARKER = ".complete"
"""The file that marks an environment as complete."""
LINES_SHOWN = 5
KILLED = "was killed"
"""In the message of a build that was killed."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a build; `message` completes "Preparing JupyterLab (first time only): ..."."""

    message: str
    command: tuple[str, ...]
    only_if: str = ""
    """A file without which the step is skipped."""
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A build: `first` runs on the folder `stage`, which then becomes `destination`, where `last` runs."""

    stage: str
    destination: str
    status: str
    log: str
    seconds: float
    first: tuple[Step, ...]
    last: tuple[Step, ...]
    lock_fd: int
    """The open lock file; it is locked while this process or one of its commands runs."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a build, stored in a file. `at`: seconds since the epoch."""

    message: str
    at: float
    failed: bool = False
    starts: int = 1
    """How many times the build was started without finishing."""


class BuildFailed(Exception):
    """A step failed or timed out; the message is for users."""


def read_status(path: Path) -> Status | None:
    """Return the content of a status file; None if it is missing or incomplete."""
    try:
        return Status(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_status(path: Path, status: Status) -> None:
    """Replace a status file atomically."""
    partial = path.with_suffix(".status-new")
    partial.write_text(json.dumps(asdict(status)))
    partial.replace(path)


def build(plan: Plan) -> None:
    """Run the plan to its end; raises `BuildFailed`."""
    deadline = time.monotonic() + plan.seconds
    stage, destination = Path(plan.stage), Path(plan.destination)
    for leftover in (stage, destination):
        if leftover.exists():  # of a killed build; complete environments are never rebuilt
            shutil.rmtree(leftover)
    stage.mkdir()
    _run_steps(plan.first, plan, deadline)
    _lift_single_folder(stage)
    _remove(stage / MARKER)
    # The last steps need the final path. The folder does not count as an environment before its marker exists.
    stage.rename(destination)
    _run_steps(plan.last, plan, deadline)
    make_readable(destination)
    os.sync()  # else a power failure could leave the marker beside empty files
    (destination / MARKER).touch(mode=0o644)


def make_readable(folder: Path) -> None:
    """Let all accounts read and execute what the owner can, and only the owner write."""
    for parent, directories, files in os.walk(folder):
        for name in (*directories, *files):
            path = Path(parent, name)
            # chmod(2) follows links, whose targets may be outside of the environment.
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
    folder.chmod(0o755)


def _run_steps(steps: Sequence[Step], plan: Plan, deadline: float) -> None:
    for step in steps:
        if step.only_if and not Path(step.only_if).exists():
            continue
        # The number of starts is kept: a build that is killed again and again must count as failed in the end.
        known = read_status(Path(plan.status))
        write_status(Path(plan.status), Status(step.message, time.time(), starts=known.starts if known else 1))
        code = _run(step.command, plan, deadline)
        # A negative code is a signal. SIGKILL usually comes from the kernel when memory runs out.
        if code < 0 and not step.may_fail:
            raise BuildFailed(f"{step.message} {KILLED}, by signal {-code}: is there enough memory?")
        if code != 0 and not step.may_fail:
            raise BuildFailed(f"{step.message} failed: {last_lines(Path(plan.log)) or f'exit code {code}'}")


def _run(command: Sequence[str], plan: Plan, deadline: float) -> int:
    # A new session: killing its group also ends the build back ends that an installer starts.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(plan.lock_fd,), start_new_session=True)
    try:
        return process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise BuildFailed(f"it took longer than the {plan.seconds / 60:.0f} minutes of its time limit") from None


def _remove(marker: Path) -> None:
    """Remove a file of a package at the marker's path: the environment would count as complete too early."""
    if marker.is_dir() and not marker.is_symlink():
        shutil.rmtree(marker)
    else:
        marker.unlink(missing_ok=True)


def _lift_single_folder(stage: Path) -> None:
    """Move the content of a single top-level folder of an archive one level up."""
    if (stage / "bin").exists():
        return
    folders = list(stage.iterdir())
    if len(folders) == 1 and (folders[0] / "bin").is_dir():
        outer = stage.with_suffix(".outer")
        if outer.exists():
            shutil.rmtree(outer)  # of a build that was killed between the two renames
        stage.rename(outer)
        (outer / folders[0].name).rename(stage)
        outer.rmdir()


def last_lines(log: Path) -> str:
    """Return the last lines of a log on one line, without passwords in URLs."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return without_passwords(" / ".join(lines[-LINES_SHOWN:]))[:1000]


def without_passwords(text: str) -> str:
    """Return a text without user names and passwords in URLs."""
    return re.sub(r"//[^/@\s]+@", "//", text)


def _read_plan(text: str) -> Plan:
    values = json.loads(text)
    first, last = (tuple(Step(**one) for one in values.pop(key)) for key in ("first", "last"))
    return Plan(**values, first=first, last=last)


def main() -> int:
    """Run the plan of standard input, and record failures in the status file."""
    plan = _read_plan(sys.stdin.read())
    os.umask(0o022)
    try:
        build(plan)
    except (BuildFailed, OSError) as error:
        for folder in (plan.stage, plan.destination):  # a failed build is useless, and may have filled the disk
            shutil.rmtree(folder, ignore_errors=True)
        write_status(Path(plan.status), Status(str(error), time.time(), failed=True))
        return 1
    # If this process dies before this line, the environment is complete: `prepare` checks the marker first.
    Path(plan.status).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
