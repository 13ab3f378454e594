"""The runner: continues a run from the state in its journal to its end."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

from .environment import environment_name, find_python, keep_lock, lock_of
from .guard import FAILED, FINISHED, NOT_RECORDED, STOPPED, become_guard, clean_up
from .journal import CannotRun, Journal
from .plan import Job, Options, Plan, read_plan
from .processes import adopt_orphans, identity, kill_all, lock, tagged

EXIT_CODES = {FINISHED: 0, FAILED: 1, STOPPED: 143}
CANNOT_RUN, ANOTHER_RUNS = 74, 75
LONGEST_TEXT = 32 << 10
MOST_STARTS = 3
"""Starts of one command by one runner; if its guard is killed each time, the run fails."""
LOCK_SECONDS, PAUSE_SECONDS = 5.0, 0.05


class Runner:
    """The only runner of a run; SIGTERM stops it."""

    def __init__(self, options: Options, run_lock: int) -> None:
        self._options, self._run_lock = options, run_lock
        self._journal = Journal(options.state / "journal.jsonl")
        self._stopping = False
        self._guard: list[object] = []
        """The identity of the current or last guard."""
        self._child = 0
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, self._stop)

    def run(self) -> str:
        """Return the final status of the run, also if an earlier runner ended it. Raises `CannotRun`."""
        over = self._journal.records("over")
        if not over:
            try:
                self._journal.append("over", status=self._take_steps(), message="")
            except CannotRun as error:
                with suppress(CannotRun):
                    self._journal.append("over", status=FAILED, message=str(error))
                raise
            shutil.rmtree(self._options.state / "secrets", ignore_errors=True)  # deleted as soon as they are not needed
        return str(self._journal.records("over")[0].get("status"))

    def _take_steps(self) -> str:
        plan = read_plan(self._options.state / "plan.json")
        jobs = self._jobs(plan)
        if not plan.runtime.uses_images and not self._journal.records("environment"):
            self._journal.append("environment", **describe_environment(plan, self._options))
        for job in jobs:
            status = self._finish(job, plan)
            if status != FINISHED:
                return status
        return FINISHED

    def _jobs(self, plan: Plan) -> list[Job]:
        """Return the commands with the UUIDs of the first start."""
        steps = [(number, step, command) for number, step in enumerate(plan.steps) for command in step.commands]
        if not self._journal.records("run"):
            # Recorded once: after a restart, commands are found by the UUIDs of the first start.
            jobs = [Job(str(uuid.uuid4()), *step) for step in steps]
            runtime = {"runtime": plan.runtime.name, "warning": plan.runtime.warning}
            about = {**runtime, "restart": plan.restart, "plan": plan.digest}
            self._journal.append("run", **about, jobs=[describe(job) for job in jobs])
        first = self._journal.records("run")[0]
        uuids = [str(job["uuid"]) for job in first["jobs"]]
        if first.get("plan") != plan.digest or len(uuids) != len(steps):
            raise CannotRun("The plan has changed since the start of this run.")
        return [Job(known, *step) for known, step in zip(uuids, steps)]  # noqa: B905  Python 3.8 has no strict

    def _finish(self, job: Job, plan: Plan) -> str:
        """Return the status of a command; run it unless it has ended, and again if its guard was killed."""
        for _ in range(MOST_STARTS):
            self._wait_for_guard(job)
            ended, started = self._journal.records("end", job.uuid), self._journal.records("start", job.uuid)
            if ended:
                return str(ended[0].get("status"))
            # Started without an end: its guard was killed, and remaining processes must not run beside the next start.
            if started:
                kill_all(lambda: tagged(job.uuid))
                clean_up(job, plan)
            if self._stopping:
                return STOPPED
            self._start(job, plan, attempt=len(started) + 1)
        self._wait_for_guard(job)
        if not self._journal.records("end", job.uuid):
            kill_all(lambda: tagged(job.uuid))
            clean_up(job, plan)
            self._journal.append("end", uuid=job.uuid, status=FAILED, message="The command was killed repeatedly.")
        return str(self._journal.records("end", job.uuid)[0].get("status"))

    def _wait_for_guard(self, job: Job) -> None:
        """Wait for the end of any guard of this run, also of one from an earlier runner."""
        started = self._journal.records("start", job.uuid)
        self._guard = list(started[-1].get("guard") or []) if started else []
        if self._stopping:
            self._signal_guard()
        # A guard holds this lock as long as it runs, so this also waits for one that is not a child.
        os.close(lock(self._options.state / "guard.lock", wait=True))
        with suppress(ChildProcessError):
            if self._child and os.waitpid(self._child, 0)[1] >> 8 == NOT_RECORDED:
                raise CannotRun("The end of a command could not be recorded in the journal.")
        self._child = 0

    def _start(self, job: Job, plan: Plan, *, attempt: int) -> None:
        """Start a guard, which waits for a byte that is sent after it is recorded; it does not need this process."""
        held = lock(self._options.state / "guard.lock", wait=True)
        reader, writer = os.pipe()
        # Blocked until the guard has its own handlers: the runner's would run in the forked child.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
        self._child = os.fork()
        if self._child == 0:
            os.close(writer)
            # The guard may outlive this runner: with its copy of the lock, no other runner could continue the run.
            os.close(self._run_lock)
            become_guard(job, plan, self._options, self._journal, reader)
        self._guard = identity(self._child)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.close(held)  # the guard's copy keeps the lock
        os.close(reader)
        try:
            self._journal.append("start", uuid=job.uuid, guard=self._guard, attempt=attempt)
            with suppress(BrokenPipeError):
                os.write(writer, b"!")
        finally:
            os.close(writer)

    def _stop(self, signum: int, frame: object) -> None:  # noqa: ARG002  the signature of signal handlers
        self._stopping = True
        self._signal_guard()

    def _signal_guard(self) -> None:
        """Send SIGTERM to the guard, which then ends its command and records the end."""
        pid = self._guard[0] if self._guard else None
        if isinstance(pid, int) and identity(pid) == self._guard:
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM)


def describe(job: Job) -> dict[str, object]:
    """Return the journal's description of a command."""
    return {
        "uuid": job.uuid,
        "step": job.number,
        "name": job.step.name[:LONGEST_TEXT],
        "command": job.command[:LONGEST_TEXT],
        "environment": job.step.environment[:LONGEST_TEXT],
        "compute_backend": job.step.compute_backend[:LONGEST_TEXT],
    }


def describe_environment(plan: Plan, options: Options) -> dict[str, object]:
    """Return the journal's description of the environment; writes its lock file to the workspace."""
    about: dict[str, object] = {"name": environment_name(os.environ, plan.environment_name)}
    python = find_python(os.environ.get("PATH", os.defpath))
    lock = lock_of(python) if python else None
    if lock is None:
        return {
            **about,
            "message": "The packages of its Python cannot be listed." if python else "It has no Python.",
        }
    about = {**about, "packages": lock.packages, "sha256": lock.digest}
    try:
        return {**about, "file": keep_lock(lock, options.workspace, run=options.state.name)}
    except CannotRun as error:
        return {**about, "message": str(error)}


def take_run(state: Path) -> int | None:
    """Return the handle of the run's lock; None if another runner keeps it."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return lock(state / "run.lock", wait=False)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return None
            time.sleep(PAUSE_SECONDS)


def read_options(arguments: list[str] | None = None) -> Options:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="runner", description="Runs a workflow, or continues it.")
    parser.add_argument("--state", type=Path, required=True, help="the directory of plan.json and journal.jsonl")
    parser.add_argument("--workspace", type=Path, required=True, help="the working directory of all commands")
    parser.add_argument("--secrets", type=Path, help="default: secrets in the state directory")
    parser.add_argument("--grace-seconds", type=float, default=5.0, help="seconds between SIGTERM and SIGKILL")
    parser.add_argument("--log-bytes", type=int, default=64 << 20, help="largest log of a command")
    found = parser.parse_args(arguments)
    state = found.state.resolve()
    secrets = (found.secrets or state / "secrets").resolve()
    return Options(state, found.workspace.resolve(), secrets, found.grace_seconds, found.log_bytes)


def main() -> int:
    """Run, and return the exit code."""
    options = read_options()
    try:
        run_lock = take_run(options.state)
        if run_lock is None:
            sys.stderr.write("Another runner is executing this run.\n")
            return ANOTHER_RUNS
        adopt_orphans()
        return EXIT_CODES.get(Runner(options, run_lock).run(), CANNOT_RUN)
    except CannotRun as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"The state directory of this run cannot be used: {error.strerror}.\n")
    return CANNOT_RUN
