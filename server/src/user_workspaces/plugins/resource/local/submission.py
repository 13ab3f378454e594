"""Turns a job specification into instructions, and starts the supervisor."""

import os
import resource
import select
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from user_workspaces.errors import ResourceUnavailable, SubmissionRejected
from user_workspaces.interfaces.values import JobFile, JobSpec
from user_workspaces.plugins.resource.local import records
from user_workspaces.plugins.resource.local.isolation import STANDARD_PATH, Isolation
from user_workspaces.plugins.resource.local.job_directory import SCRIPT
from user_workspaces.plugins.resource.local.options import ConnectionDetails
from user_workspaces.plugins.resource.local.records import Spec, is_locked
from user_workspaces.plugins.resource.local.state import JobState

FALLBACK_SHELL = "/bin/bash"
START_SECONDS = 10.0
RUNNER = Path(__file__).with_name("runner.py")
OPEN_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
"""The soft limit at import: the server raises its own later, and a limit above 1024 breaks select(2) in jobs."""
_RESETTABLE = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def check_can_run(spec: JobSpec) -> None:
    """Raise `SubmissionRejected` for a job that can never run."""
    if spec.account.uid == 0:
        raise SubmissionRejected("Jobs must not run as root.")
    if os.geteuid() not in (0, spec.account.uid):
        raise SubmissionRejected("This server does not run as root: it can run jobs of its own account only.")
    for name, value in spec.script.environment:
        if not name or "=" in name or "\0" in name + value:
            raise SubmissionRejected(f"Invalid environment variable: {name!r}")


def files_of(spec: JobSpec) -> tuple[JobFile, ...]:
    """Return the files of the job's directory: those of the job type, and the script."""
    return (*spec.script.files, JobFile(SCRIPT, os.fsencode(spec.script.text)))


def instructions(spec: JobSpec, *, directory: Path, options: ConnectionDetails, isolation: Isolation) -> Spec:
    """Return the supervisor's instructions; raises `SubmissionRejected`."""
    uplink = isolation.uplink()
    return Spec(
        shell=shutil.which("bash", path=STANDARD_PATH) or FALLBACK_SHELL,
        script=str(directory / SCRIPT),
        working_directory=str(spec.working_directory),
        environment=_environment(spec),
        account=spec.account.name,
        uid=spec.account.uid,
        gid=spec.account.gid,
        time_limit_seconds=spec.limits.time_limit_seconds,
        stop_grace_seconds=options.stop_grace_seconds,
        max_log_bytes=options.max_log_bytes,
        open_files=OPEN_FILES,
        umask=int(options.umask, 8),
        uplink=uplink,
        must_isolate=isolation.must_isolate,
        services=isolation.services() if uplink else (),
    )


def _environment(spec: JobSpec) -> dict[str, str]:
    """Return the job's environment: the variables of a login, those of the job type, and the tag."""
    return {
        "HOME": str(spec.account.home),
        "LANG": "C.UTF-8",
        "LOGNAME": spec.account.name,
        "PATH": STANDARD_PATH,
        "SHELL": "/bin/bash",
        "USER": spec.account.name,
        **dict(spec.script.environment),
        # Last, so that a job type cannot replace the tag, by which processes without a supervisor are found.
        "UWS_JOB_ID": str(spec.job_id),
        records.TAG: spec.key,
    }


class Launcher:
    """Starts supervisors, and collects those that end while this process runs."""

    def __init__(self) -> None:
        self._started: set[int] = set()

    def start(self, folder: Path) -> None:
        """Start a supervisor for a state folder, and wait until it reports the start of the job or ends."""
        self.collect()
        report, supervisor_end = os.pipe()  # the supervisor closes its end after the start, or by ending
        try:
            self._started.add(_spawn(folder, supervisor_end))
        finally:
            os.close(supervisor_end)
        poll = select.poll()
        poll.register(report)
        poll.poll(START_SECONDS * 1000)
        os.close(report)

    def collect(self) -> None:
        """Collect ended supervisors, so that they do not stay as zombies."""
        for pid in tuple(self._started):
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG) == (0, 0):
                    continue
            self._started.discard(pid)


def _spawn(folder: Path, report: int) -> int:
    log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # posix_spawn, not fork: the server has threads, and a fork of it would copy its memory tables.
    # -I -S: no site-packages and no user settings, so the supervisor starts in milliseconds and stays small.
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", str(RUNNER), str(folder)],
        # None of the server's variables: some are secrets, and jobs of the same account can read /proc/PID/environ.
        {"LANG": "C.UTF-8"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, report, 1),
            (os.POSIX_SPAWN_OPEN, 2, str(folder / records.SUPERVISOR_LOG), log, 0o600),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=_RESETTABLE,  # else signals that the server ignores would stay ignored
    )


def wait_for_start(state: JobState) -> int:
    """Return the pid of a started job (-1: it was stopped before its start); raises `ResourceUnavailable`."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        # The lock first: if it is free, no supervisor runs, and the records that are read afterwards are final.
        locked, running, ended = is_locked(state.folder), state.running(), state.ended()
        if running is not None:
            return running.child.pid
        if ended is not None:
            return -1
        if not locked or time.monotonic() > deadline:
            raise ResourceUnavailable("The job could not be started on this machine. The server will try again.")
        time.sleep(0.005)
