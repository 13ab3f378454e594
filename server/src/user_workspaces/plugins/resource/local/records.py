"""The files of a job's state folder, and its lock. Standard library only: the supervisor uses it.

    lock            held by the supervisor as long as it runs
    submit.lock     held while a job is submitted or forgotten
    spec.json       the supervisor's instructions
    running.json    supervisor and main process; written once, before the job's first instruction
    ended.json      how it ended
    stop            exists after a stop request; its time is that of the request
    log             the job's output
    supervisor.log  the supervisor's errors
    resolv.conf     replaces the machine's for the job, if that names loopback

The folder belongs to the server, mode 0700, so that no job can forge its records.
"""

import fcntl
import json
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .processes import Process  # relative: the supervisor runs without the package around this folder

LOCK, SPEC, RUNNING, ENDED = "lock", "spec.json", "running.json", "ended.json"
SUBMIT_LOCK, STOP, LOG, SUPERVISOR_LOG = "submit.lock", "stop", "log", "supervisor.log"
RESOLVERS = "resolv.conf"
TAG = "UWS_JOB_KEY"
"""The environment variable that tags every process of a job."""
FLOCK = "hhqqi4x"
"""`struct flock` with 64-bit offsets, fcntl(2): type, whence, start, length, pid."""


class Spec(NamedTuple):
    """The supervisor's instructions (`spec.json`)."""

    shell: str
    script: str
    working_directory: str
    environment: dict[str, str]
    account: str
    uid: int
    gid: int
    time_limit_seconds: int | None
    stop_grace_seconds: int
    max_log_bytes: int
    open_files: int | None = None
    """The soft limit of open files; None: the supervisor's (in records of older servers)."""
    umask: int = 0o077
    uplink: str = ""
    """The path of slirp4netns; empty: the job shares the machine's network."""
    must_isolate: bool = False
    """True if the job must not run in a shared network."""
    services: Sequence[Sequence[tuple[str, int]]] = ()
    """Services on the machine's loopback that the job can reach, each with all its addresses."""


class Running(NamedTuple):
    """The processes of the job (`running.json`); `started_at` in seconds since 1970."""

    runner: Process
    child: Process
    uid: int
    started_at: float


class Ended(NamedTuple):
    """The end of the job (`ended.json`); `ended_by` is a value of `EndedBy`."""

    ended_by: str
    exit_code: int | None
    signal: int | None
    ended_at: float
    reason: str


def record(folder: Path, name: str, value: Spec | Running | Ended) -> None:
    """Write a record atomically and durably, also if the machine loses power."""
    temporary = folder / f".{name}.{os.getpid()}"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump(value._asdict(), file)
        file.flush()
        # Before the rename, so that a power failure cannot leave an empty file under the final name.
        os.fsync(file.fileno())
    temporary.replace(folder / name)


def take_lock(folder: Path) -> int | None:
    """Take the lock of a state folder and return its descriptor; None if another process holds it.

    An open file description lock: the kernel releases it when the process ends. Unlike flock(2), it can be tested
    without taking it (F_OFD_GETLK), so that observing a job never blocks its start.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _whole_file())
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def is_locked(folder: Path) -> bool:
    """Return True if a process holds the lock of a state folder."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        response = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _whole_file())
    finally:
        os.close(handle)
    return bool(struct.unpack(FLOCK, response)[0] != fcntl.F_UNLCK)


def _whole_file() -> bytes:
    return struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
