"""Identifies processes, signals them without races, and finds descendants. Standard library only."""

import os
import signal
from functools import cache
from pathlib import Path
from typing import NamedTuple

DEAD_STATES = "ZX"
"""Zombie and dead, proc(5): ended, but not yet collected by the parent."""


class Process(NamedTuple):
    """The identity of a process: the kernel reuses pids, so the start time and the boot belong to it."""

    pid: int
    start_time: int
    """Clock ticks since the machine started: field 22 of `/proc/PID/stat`, proc(5)."""
    boot_id: str


class Stat(NamedTuple):
    """The needed fields of `/proc/PID/stat`."""

    state: str
    parent: int
    group: int
    session: int
    start_time: int


@cache
def boot_id() -> str:
    """Return the kernel's ID of the current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read_stat(pid: int) -> Stat | None:
    """Return the status of a process; None if it is gone or hidden."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    fields = text[text.rindex(b")") + 2 :].split()  # the name before it may contain spaces and brackets
    return Stat(fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def living_processes() -> dict[int, Stat]:
    """Return the running processes of this machine, by pid."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    stats = ((pid, read_stat(pid)) for pid in pids)
    return {pid: stat for pid, stat in stats if stat is not None and stat.state not in DEAD_STATES}


def identify(pid: int) -> Process | None:
    """Return the identity of the process that has this pid now."""
    stat = read_stat(pid)
    return None if stat is None else Process(pid, stat.start_time, boot_id())


def is_alive(process: Process) -> bool:
    """Return True if this process is running; a zombie is not."""
    stat = read_stat(process.pid) if process.boot_id == boot_id() else None
    return stat is not None and stat.start_time == process.start_time and stat.state not in DEAD_STATES


def send(process: Process, signum: int) -> bool:
    """Send a signal to this process and no other; False if it is gone or may not be signalled."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        if not is_alive(process):  # checked after pidfd_open(2): the handle cannot mean a later process with this pid
            return False
        signal.pidfd_send_signal(handle, signum)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(handle)
    return True


def terminate(processes: list[Process]) -> None:
    """Send SIGTERM, and SIGCONT, without which suspended processes would not handle it."""
    for process in processes:
        send(process, signal.SIGTERM)
        send(process, signal.SIGCONT)


def kill(processes: list[Process]) -> bool:
    """Send SIGSTOP to all, then SIGKILL, so that none forks meanwhile; False if none could be killed."""
    for process in processes:
        send(process, signal.SIGSTOP)
    killed = [process for process in processes if send(process, signal.SIGKILL)]
    return bool(killed)


def descendants(root: int) -> list[Process]:
    """Return all running descendants of `root`, also in other sessions and process groups."""
    stats, found, before = living_processes(), {root}, 0
    # Each round adds at least one generation: pids wrap around, so they do not order parents before children.
    while len(found) > before:
        before = len(found)
        found |= {pid for pid, stat in stats.items() if stat.parent in found}
    return [Process(pid, stats[pid].start_time, boot_id()) for pid in found - {root}]


def strays(child: Process, *, tag: bytes, uid: int) -> list[Process]:
    """Return the running processes of a job whose supervisor is dead.

    These are the main process, its session, its process group, its descendants, and every process of the same
    account with `tag` (`NAME=value`) in its environment.
    """
    stats = living_processes()
    found = {pid for pid in stats if pid != os.getpid() and _has_tag(pid, tag=tag, uid=uid)}
    if is_alive(child):  # else its pid may be the ID of an unrelated session
        found |= {pid for pid, stat in stats.items() if child.pid in (pid, stat.session, stat.group)}
        found |= {process.pid for process in descendants(child.pid)}
    return [Process(pid, stats[pid].start_time, boot_id()) for pid in found if pid in stats]


def _has_tag(pid: int, *, tag: bytes, uid: int) -> bool:
    folder = Path(f"/proc/{pid}")
    try:
        # The owner is compared, too: other accounts can put the same tag into their environments.
        return folder.stat().st_uid == uid and tag in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False  # ended meanwhile, or not readable
