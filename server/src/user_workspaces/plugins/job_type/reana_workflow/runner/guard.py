"""The guard of one command: a process that outlives the runner and records the command's end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from typing import NoReturn

from .environment import environment_name, without_environment
from .journal import CannotRun, Journal
from .log import CHUNK, Log
from .missing import TAIL_BYTES, Failure, explain
from .plan import Job, Options, Plan, environment_of
from .processes import adopt_orphans, descendants, die_with_parent, kill_all, reap, send

FINISHED, FAILED, STOPPED = "finished", "failed", "stopped"
POLL_SECONDS, CLEAN_UP_SECONDS = 1.0, 60.0
LAST_CHUNKS = 256
"""Far more than a pipe holds: output of processes that could not be killed is not read forever."""
NOT_RECORDED = 74


def become_guard(job: Job, plan: Plan, options: Options, journal: Journal, go: int) -> NoReturn:
    """Wait for a byte from `go`, run the command, and exit; without that byte, nothing is run."""
    code = 1
    try:
        guard = Guard(job, plan, options, journal)
        if os.read(go, 1):
            guard.run()
        code = 0
    except CannotRun as error:
        sys.stderr.write(f"{error}\n")
        code = NOT_RECORDED
    except BaseException:  # noqa: BLE001  a fork must never continue with the runner's code
        traceback.print_exc()
    finally:
        os._exit(code)


class Guard:
    """Runs one command, and kills all its remaining descendants, also in other sessions and groups."""

    def __init__(self, job: Job, plan: Plan, options: Options, journal: Journal) -> None:
        self._job, self._plan, self._options, self._journal = job, plan, options, journal
        self._stop_requested = False
        self._status: int | None = None
        """The status of the command from wait(2)."""
        self._why = ""
        self._wakeup, self._output = _woken_by_signals(), -1
        self._process: subprocess.Popen[bytes] | None = None
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, self._on_signal)
        os.setsid()
        adopt_orphans()
        # Blocked since before the fork: a stop request from that time reaches the handlers above now.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def run(self) -> None:
        """Run the command and record its end; raises `CannotRun` if that cannot be recorded."""
        try:
            log = Log(self._options.state / "logs" / f"{self._job.uuid}.log", self._options.log_limit)
            if self._stop_requested:
                self._end(STOPPED, "It was stopped before its start.")
                return
            main = self._start()
        except (CannotRun, OSError, ValueError) as error:
            self._end(FAILED, _reason(error) if isinstance(error, OSError) else str(error))
            return
        self._watch(main, log)
        kill_all(descendants)
        for _ in range(LAST_CHUNKS):
            if not self._drain(log):
                break
        self._record(log)

    def _start(self) -> int:
        self._output, inner = os.pipe()
        # Processes that keep the pipe open without writing must not block the guard.
        os.set_blocking(self._output, False)
        argv = [*(element.replace("{uuid}", self._job.uuid) for element in self._job.step.argv), self._job.command]
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=self._options.workspace,
                env=environment_of(self._job, self._plan, self._options),
                stdin=subprocess.DEVNULL,
                stdout=inner,
                stderr=inner,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  the process has one thread
            )
        finally:
            os.close(inner)
        return self._process.pid

    def _watch(self, main: int, log: Log) -> None:
        """Record output until the command ends by itself, by its time limit or by a stop request."""
        deadline, kill_at = time.monotonic() + self._job.step.time_limit_seconds, float("inf")
        while self._status is None:
            now = time.monotonic()
            if not self._why and (self._stop_requested or now >= deadline):
                self._why = "It was stopped." if self._stop_requested else "It reached its time limit."
                send(descendants(), signal.SIGTERM, signal.SIGCONT)
                deadline, kill_at = float("inf"), now + self._options.grace
            if now >= kill_at:
                # Repeated, since processes may fork between the reading of /proc and the signals.
                send(descendants(), signal.SIGKILL)
                kill_at = now + POLL_SECONDS
            sources = [self._wakeup] + ([self._output] if self._output >= 0 else [])
            for source in select.select(sources, [], [], max(0.0, min(POLL_SECONDS, deadline - now, kill_at - now)))[0]:
                if source == self._wakeup:
                    os.read(self._wakeup, CHUNK)
                else:
                    self._drain(log)
            self._status = reap().get(main)

    def _drain(self, log: Log) -> bool:
        """Record the output in the pipe; False if there is none."""
        if self._output < 0:
            return False
        try:
            data = os.read(self._output, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            os.close(self._output)
            self._output = -1
        log.write(data)
        return bool(data)

    def _record(self, log: Log) -> None:
        status = self._status or 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        why = self._why or ("" if os.WIFEXITED(status) else f"It was ended by signal {os.WTERMSIG(status)}.")
        # A container may outlive its client, which was killed or did not end normally.
        if why or code:
            clean_up(self._job, self._plan)
        verdict = STOPPED if self._stop_requested and (why or code) else FAILED if why or code else FINISHED
        if code and not why:
            why = self._missing(code, log)
        self._end(verdict, why + log.complaint, exit_code=code)

    def _missing(self, code: int, log: Log) -> str:
        image = self._job.step.environment if self._plan.runtime.uses_images else ""
        name = environment_name(os.environ, self._plan.environment_name)
        return explain(Failure(code, log.tail(TAIL_BYTES), name, image))

    def _end(self, status: str, message: str, *, exit_code: int | None = None) -> None:
        self._journal.append("end", uuid=self._job.uuid, status=status, message=message, exit_code=exit_code)

    def _on_signal(self, signum: int, frame: object) -> None:  # noqa: ARG002  the signature of signal handlers
        self._stop_requested = True


def _reason(error: OSError) -> str:
    """Return why a command could not be started, with the file: the container runtime may be missing."""
    what = f"{error.filename}: " if error.filename else ""
    return f"{what}{error.strerror or error}"


def clean_up(job: Job, plan: Plan) -> None:
    """Remove the container of a command, if there is one; errors are ignored."""
    argv = [element.replace("{uuid}", job.uuid) for element in plan.runtime.cleanup]
    if argv:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                argv,
                env=without_environment(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=CLEAN_UP_SECONDS,
                check=False,
            )


def _woken_by_signals() -> int:
    """Return a pipe that is readable after each signal: select(2) would miss one just before its call."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _handle_nothing)
    return reader


def _handle_nothing(signum: int, frame: object) -> None:
    """Do nothing, but exist: an ignored signal would not write to the pipe."""
