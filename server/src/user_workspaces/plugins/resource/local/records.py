"""What is kept about a job in its state folder, and the lock beside it. Standard library only.

    lock            held by the supervisor for its whole life
    submit.lock     held while a job is submitted or forgotten
    spec.json       what the supervisor has to know
    running.json    who runs the job; written before the job's first instruction, never twice
    ended.json      how it ended
    stop            there when somebody asked for the end; its time is the time of the request
    log             what the job printed
    supervisor.log  what the supervisor complained about
    resolv.conf     what the job sees in place of the machine's, where that names loopback

The folder is the server's own, 0700, so that nobody can forge what is in it.
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
MARK = "UWS_JOB_KEY"
"""The variable in the environment of each of a job's processes that tells whose they are."""
FLOCK = "hhqqi4x"
"""`struct flock` with 64-bit offsets, fcntl(2): type, whence, start, length, pid."""


class Spec(NamedTuple):
    """What the supervisor has to know (`spec.json`)."""

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
    """The soft limit of open files; None: that of the supervisor, as records of older servers have it."""
    umask: int = 0o077
    uplink: str = ""
    """The program slirp4netns; empty: the job shares the network of the machine."""
    must_isolate: bool = False
    """Whether the job is not run at all when it would have to share the network."""
    services: Sequence[Sequence[tuple[str, int]]] = ()
    """Services of the machine on loopback that the job may reach, each with all its addresses."""


class Running(NamedTuple):
    """Who runs the job (`running.json`); `started_at` in seconds since 1970."""

    runner: Process
    child: Process
    uid: int
    started_at: float


class Ended(NamedTuple):
    """How the job ended (`ended.json`); `ended_by` is a value of `EndedBy`."""

    ended_by: str
    exit_code: int | None
    signal: int | None
    ended_at: float
    reason: str


def record(folder: Path, name: str, value: Spec | Running | Ended) -> None:
    """Write a record whole or not at all, also when the machine loses its power."""
    temporary = folder / f".{name}.{os.getpid()}"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump(value._asdict(), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / name)


def take_lock(folder: Path) -> int | None:
    """Take the lock of a state folder, returning its descriptor; None when somebody has it.

    It belongs to the open file description, so the kernel drops it with the process; unlike with flock(2) one
    can ask whether it is held without taking it, so that looking never hinders a start.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _whole_file())
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def is_locked(folder: Path) -> bool:
    """Whether somebody holds the lock of a state folder."""
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
