"""Keeps the web process and the controller running: restarts them if they end. Sessions are not its children."""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import orjson

from user_workspaces.config.env import PROJECT_DIR
from user_workspaces.errors import ConfigurationError

MIN_BACKOFF, MAX_BACKOFF = 0.2, 10.0
HEALTHY_AFTER = 30.0
"""Seconds of running after which the back-off is reset."""
POLL_INTERVAL = 0.2
STOP_TIMEOUT = 10.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Child:
    """A child process and the state of its restarts."""

    name: str
    arguments: Sequence[str]
    log: Path
    inherits: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause: float = MIN_BACKOFF

    def start(self) -> None:
        """Start the process; its output goes to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(PROJECT_DIR / "manage.py"), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.inherits,
                # Ctrl-C reaches the foreground process group only: the supervisor alone gets it, and ends the children.
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  this process has no other threads
            )
        self.started_at = time.monotonic()

    def keep_alive(self) -> bool:
        """Restart the process if it has ended; return whether it was restarted now."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            if now - self.started_at > HEALTHY_AFTER:
                self.pause = MIN_BACKOFF
            return False
        if self.process is not None:
            self.process = None
            self.start_again_at = now + self.pause
            self.pause = min(MAX_BACKOFF, self.pause * 2)
            return False
        if now < self.start_again_at:
            return False
        self.start()
        return True


def _end_with_parent() -> None:
    """End with the supervisor, also if it is killed, so that the next one can bind the address."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Supervisor:
    """Runs in the foreground until INT or TERM."""

    data_dir: Path
    listener: socket.socket
    children: list[Child] = field(default_factory=list)
    _is_stopping: bool = False

    def __post_init__(self) -> None:
        logs = self.data_dir / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        number = self.listener.fileno()
        self.children = [
            Child("web", ("runserver", "--listening-on", str(number)), logs / "web.log", (number,)),
            Child("controller", ("controller",), logs / "controller.log"),
        ]

    def start(self) -> None:
        """Start all children, and write their pids to `processes.json`."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop_soon())
        for child in self.children:
            child.start()
        self._note()

    def _stop_soon(self) -> None:
        self._is_stopping = True

    def watch(self) -> None:
        """Restart children until INT or TERM, then stop them; sessions keep running."""
        while not self._is_stopping:
            started = [child.name for child in self.children if child.keep_alive()]
            if started:
                sys.stderr.write(
                    f"{', '.join(started)}: ended unexpectedly and was restarted (see {self.data_dir}/logs)\n"
                )
                self._note()
            time.sleep(POLL_INTERVAL)
        self.end()

    def end(self) -> None:
        """Terminate all children, and kill those that do not end in time."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        # The deadline is one for all, because the children end side by side.
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        (self.data_dir / "processes.json").unlink(missing_ok=True)

    def _note(self) -> None:
        pids = {child.name: child.process.pid for child in self.children if child.process is not None}
        draft = self.data_dir / ".processes.json"
        draft.touch(mode=0o600)
        draft.write_bytes(orjson.dumps({"supervisor": os.getpid(), **pids}))
        # Another process may read the file at any time: it finds the old content or all of the new one.
        draft.replace(self.data_dir / "processes.json")


def lock(data_dir: Path) -> IO[bytes]:
    """Lock the data folder for this supervisor while the returned file is open."""
    path = data_dir / "supervisor.lock"
    path.touch(mode=0o600)
    file = path.open("ab")
    try:
        # The kernel releases the lock when the process ends, also after SIGKILL; a file with a pid would stay.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ConfigurationError(
            f"A server with the data folder {data_dir} is already running. Stop it with `make stop`, "
            "or set UWS_DATA_DIR and UWS_PORT to start another one."
        ) from None
    return file


def running_supervisor(data_dir: Path) -> int | None:
    """Return the pid of the supervisor that holds the data folder, or None."""
    try:
        # For a moment this holds the lock itself: a supervisor that starts just then would report a running server.
        lock(data_dir).close()
    except ConfigurationError:
        try:
            pids = orjson.loads((data_dir / "processes.json").read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None
        pid = pids.get("supervisor")
        return pid if isinstance(pid, int) else None
    return None
