"""Processes for certain: who they are, whether they live, what is below them. Standard library only."""

import os
import signal
from functools import cache
from pathlib import Path
from typing import NamedTuple

DEAD_STATES = "ZX"
"""Zombie and dead, proc(5): nobody may have collected them yet."""


class Process(NamedTuple):
    """A process for certain: a pid alone may be another process's tomorrow."""

    pid: int
    start_time: int
    """Clock ticks since the machine started: field 22 of `/proc/PID/stat`, proc(5)."""
    boot_id: str


class Stat(NamedTuple):
    """What is needed of `/proc/PID/stat`."""

    state: str
    parent: int
    group: int
    session: int
    start_time: int


@cache
def boot_id() -> str:
    """Return what the kernel calls this start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read_stat(pid: int) -> Stat | None:
    """Return what the kernel says of a process; None when it is gone or hidden from us."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold spaces and brackets
    return Stat(fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def living_processes() -> dict[int, Stat]:
    """Return what lives on this machine, by pid."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    stats = ((pid, read_stat(pid)) for pid in pids)
    return {pid: stat for pid, stat in stats if stat is not None and stat.state not in DEAD_STATES}


def identify(pid: int) -> Process | None:
    """Return the identity of the process that has this pid now."""
    stat = read_stat(pid)
    return None if stat is None else Process(pid, stat.start_time, boot_id())


def is_alive(process: Process) -> bool:
    """Whether this very process lives; a zombie does not."""
    stat = read_stat(process.pid) if process.boot_id == boot_id() else None
    return stat is not None and stat.start_time == process.start_time and stat.state not in DEAD_STATES


def send(process: Process, signum: int) -> bool:
    """Send a signal to this very process and no other; False when it is gone or not ours to signal."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        if not is_alive(process):  # looked at after the handle was opened: from here on it cannot be another
            return False
        signal.pidfd_send_signal(handle, signum)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(handle)
    return True


def terminate(processes: list[Process]) -> None:
    """Send the polite signal, and wake the suspended: they would not hear it."""
    for process in processes:
        send(process, signal.SIGTERM)
        send(process, signal.SIGCONT)


def kill(processes: list[Process]) -> bool:
    """Freeze all, then kill all, so that none forks while the others die; False when none could be reached."""
    for process in processes:
        send(process, signal.SIGSTOP)
    killed = [process for process in processes if send(process, signal.SIGKILL)]
    return bool(killed)


def descendants(root: int) -> list[Process]:
    """Return all living processes below `root`, however they regrouped themselves."""
    stats, found, before = living_processes(), {root}, 0
    while len(found) > before:
        before = len(found)
        found |= {pid for pid, stat in stats.items() if stat.parent in found}
    return [Process(pid, stats[pid].start_time, boot_id()) for pid in found - {root}]


def strays(child: Process, *, mark: bytes, uid: int) -> list[Process]:
    """Return what lives of a job whose supervisor is dead.

    That is the main process, its session, its process group, all that is below it, and every process of the
    same person with `mark` (`NAME=value`) in its environment.
    """
    stats = living_processes()
    found = {pid for pid in stats if pid != os.getpid() and _has_tag(pid, mark=mark, uid=uid)}
    if is_alive(child):  # else its number may mean somebody else's session
        found |= {pid for pid, stat in stats.items() if child.pid in (pid, stat.session, stat.group)}
        found |= {process.pid for process in descendants(child.pid)}
    return [Process(pid, stats[pid].start_time, boot_id()) for pid in found if pid in stats]


def _has_tag(pid: int, *, mark: bytes, uid: int) -> bool:
    folder = Path(f"/proc/{pid}")
    try:
        return folder.stat().st_uid == uid and mark in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False  # gone meanwhile, or not ours to read
