"""Identifies, finds and kills processes; locks that the kernel releases with their owner."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TAG = "REANA_JOB_UUID"
"""The environment variable that tags the processes of a command, to find them if its guard is dead."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""prctl(2)."""
ROUNDS, PAUSE_SECONDS = 1000, 0.01


def parents() -> dict[int, int]:
    """Return the parent of each running process of this machine."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  names, thousands of them
        with suppress(OSError):
            # The last bracket: the name of a process may contain spaces and brackets.
            fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
            if fields[0] not in b"ZX":
                found[int(name)] = int(fields[1])
    return found


def descendants() -> set[int]:
    """Return all running descendants of this process, also in other sessions and groups."""
    known, found, before = parents(), {os.getpid()}, 0
    while len(found) > before:
        before = len(found)
        found |= {pid for pid, parent in known.items() if parent in found}
    return found - {os.getpid()}


def tagged(tag: str) -> set[int]:
    """Return the processes with the tag of a command in their environment."""
    found = set()
    for pid in parents():
        with suppress(OSError):
            if f"{TAG}={tag}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def identity(pid: int) -> list[object]:
    """Return pid, start time (proc(5)) and boot, which together identify a process although pids are reused."""
    with suppress(OSError):
        ticks = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
        return [pid, ticks, Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()]
    return []


def send(pids: set[int], *signals: int) -> None:
    """Send signals; ignores processes that are gone or run as another account."""
    for pid in pids:
        for signum in signals:
            with suppress(OSError):
                os.kill(pid, signum)


def kill_all(family: Callable[[], set[int]]) -> None:
    """Kill processes until none is left; SIGSTOP first, so that none forks meanwhile."""
    for _ in range(ROUNDS):
        pids = family()
        send(pids, signal.SIGSTOP)
        send(pids, signal.SIGKILL)
        reap()
        if not pids:
            return
        time.sleep(PAUSE_SECONDS)


def reap() -> dict[int, int]:
    """Collect ended children; return the status from wait(2) by pid."""
    found = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            found[pid] = status
    return found


def lock(path: Path, *, wait: bool) -> int:
    """Return a handle that holds a lock; raises `BlockingIOError` if it is held and `wait` is False."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        raise
    return handle


def adopt_orphans() -> None:
    """Make orphans below this process its children, so that no descendant can escape."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Make the kernel kill this process when its parent dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
