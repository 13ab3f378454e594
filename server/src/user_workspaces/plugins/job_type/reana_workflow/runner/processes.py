"""Processes for certain: who they are, what is below them, and their end; and locks that end with their owner."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MARK = "REANA_JOB_UUID"
"""The environment variable by which the processes of a command are found again when its guard is dead."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""prctl(2)."""
ROUNDS, PAUSE_SECONDS = 1000, 0.01


def parents() -> dict[int, int]:
    """Return the parent of each living process of this machine."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  names, thousands of them
        with suppress(OSError):
            fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
            if fields[0] not in b"ZX":
                found[int(name)] = int(fields[1])
    return found


def descendants() -> set[int]:
    """Return all that lives below this process, however it regrouped itself."""
    known, found, before = parents(), {os.getpid()}, 0
    while len(found) > before:
        before = len(found)
        found |= {pid for pid, parent in known.items() if parent in found}
    return found - {os.getpid()}


def marked(mark: str) -> set[int]:
    """Return the processes whose environment says that they belong to a command."""
    found = set()
    for pid in parents():
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def identity(pid: int) -> list[object]:
    """Return what tells this process from a later one of the same number: start time (proc(5)) and boot."""
    with suppress(OSError):
        ticks = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
        return [pid, ticks, Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()]
    return []


def send(pids: set[int], *signals: int) -> None:
    """Send signals; some of the processes may be gone, or have taken another's rights."""
    for pid in pids:
        for signum in signals:
            with suppress(OSError):
                os.kill(pid, signum)


def kill_all(family: Callable[[], set[int]]) -> None:
    """Kill, again and again, until nobody is left: all are frozen first, so that none forks while others die."""
    for _ in range(ROUNDS):
        pids = family()
        send(pids, signal.SIGSTOP)
        send(pids, signal.SIGKILL)
        reap()
        if not pids:
            return
        time.sleep(PAUSE_SECONDS)


def reap() -> dict[int, int]:
    """Collect the dead children: what wait(2) says of each."""
    found = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            found[pid] = status
    return found


def lock(path: Path, *, wait: bool) -> int:
    """Return a handle that holds a lock; raises `BlockingIOError` when it is held and not to be waited for."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        raise
    return handle


def adopt_orphans() -> None:
    """Let orphans below this process become its children: nobody gets away by regrouping."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
