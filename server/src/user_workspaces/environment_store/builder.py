"""Builds one environment, in a process of its own that outlives the server; started by `store.py`.

Run as a script, with a `Plan` as JSON on its standard input. It knows nothing of the server and imports the
standard library only. It may die at any line: the environment counts from the moment its mark is written.
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

MARK = ".complete"
LINES_SHOWN = 5
KILLED = "was killed"
"""In the message of a build that did not end by itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a build; `message` completes "Preparing JupyterLab (first time only): ..."."""

    message: str
    command: tuple[str, ...]
    only_if: str = ""
    """A file without which the step is left out."""
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
    """The open lock file: locked as long as this process or a command of its lives."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a build is; kept in a file that survives whoever wrote it. `at`: seconds since the epoch."""

    message: str
    at: float
    failed: bool = False
    starts: int = 1
    """How often the build was started without coming to an end."""


class BuildFailed(Exception):
    """A step failed, or time ran out; the message is for people."""


def read_status(path: Path) -> Status | None:
    """Return what stands in a status file; None when there is none, or no whole one."""
    try:
        return Status(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_status(path: Path, status: Status) -> None:
    """Replace a status file, so that a reader sees the old or the new one whole."""
    partial = path.with_suffix(".status-new")
    partial.write_text(json.dumps(asdict(status)))
    partial.replace(path)


def build(plan: Plan) -> None:
    """Run the plan to its end; raises `BuildFailed`."""
    deadline = time.monotonic() + plan.seconds
    stage, destination = Path(plan.stage), Path(plan.destination)
    for leftover in (stage, destination):
        if leftover.exists():  # of a build that died: a complete one is never built again
            shutil.rmtree(leftover)
    stage.mkdir()
    _run_steps(plan.first, plan, deadline)
    _lift_single_folder(stage)
    _remove(stage / MARK)
    stage.rename(destination)
    _run_steps(plan.last, plan, deadline)
    make_readable(destination)
    os.sync()  # else a power cut could leave a mark beside empty files
    (destination / MARK).touch(mode=0o644)


def make_readable(folder: Path) -> None:
    """Let every account read and run what the owner may, and nobody but the owner change it."""
    for parent, directories, files in os.walk(folder):
        for name in (*directories, *files):
            path = Path(parent, name)
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(0o755 if path.is_dir() or mode & 0o100 else 0o644)
    folder.chmod(0o755)


def _run_steps(steps: Sequence[Step], plan: Plan, deadline: float) -> None:
    for step in steps:
        if step.only_if and not Path(step.only_if).exists():
            continue
        known = read_status(Path(plan.status))
        write_status(Path(plan.status), Status(step.message, time.time(), starts=known.starts if known else 1))
        code = _run(step.command, plan, deadline)
        if code < 0 and not step.may_fail:
            raise BuildFailed(f"{step.message} {KILLED}, by signal {-code}: is there enough memory?")
        if code != 0 and not step.may_fail:
            raise BuildFailed(f"{step.message} failed: {last_lines(Path(plan.log)) or f'exit code {code}'}")


def _run(command: Sequence[str], plan: Plan, deadline: float) -> int:
    # A session of its own: the build back ends that an installer starts end with it.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(plan.lock_fd,), start_new_session=True)
    try:
        return process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise BuildFailed(f"it took longer than the {plan.seconds / 60:.0f} minutes of its time limit") from None


def _remove(mark: Path) -> None:
    """Remove what a package brought in place of the mark: it would count as complete before the last steps."""
    if mark.is_dir() and not mark.is_symlink():
        shutil.rmtree(mark)
    else:
        mark.unlink(missing_ok=True)


def _lift_single_folder(stage: Path) -> None:
    """Make an archive with everything below one folder look like one without."""
    if (stage / "bin").exists():
        return
    folders = list(stage.iterdir())
    if len(folders) == 1 and (folders[0] / "bin").is_dir():
        outer = stage.with_suffix(".outer")
        if outer.exists():
            shutil.rmtree(outer)
        stage.rename(outer)
        (outer / folders[0].name).rename(stage)
        outer.rmdir()


def last_lines(log: Path) -> str:
    """Return the end of a log on one line, without the passwords that addresses may hold."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return without_passwords(" / ".join(lines[-LINES_SHOWN:]))[:1000]


def without_passwords(text: str) -> str:
    """Return a text without the user names and passwords of its addresses."""
    return re.sub(r"//[^/@\s]+@", "//", text)


def _read_plan(text: str) -> Plan:
    values = json.loads(text)
    first, last = (tuple(Step(**one) for one in values.pop(key)) for key in ("first", "last"))
    return Plan(**values, first=first, last=last)


def main() -> int:
    """Build what standard input says; the status file says how it went."""
    plan = _read_plan(sys.stdin.read())
    os.umask(0o022)
    try:
        build(plan)
    except (BuildFailed, OSError) as error:
        for folder in (plan.stage, plan.destination):  # nothing of it is of use, and it may have filled the disk
            shutil.rmtree(folder, ignore_errors=True)
        write_status(Path(plan.status), Status(str(error), time.time(), failed=True))
        return 1
    Path(plan.status).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
