"""Run as an unrelated system account: searches for everything that it can read or change.

The argument is JSON: the folders to search, the uids whose things count, and the pids of the server. Prints JSON: pairs
of what can be done and to what. Standard library only.
"""

import ctypes
import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

Finding = tuple[str, str]
OF_A_PROCESS = ("environ", "mem", "maps", "io", "syscall", "stack", "auxv", "pagemap", "personality", "map_files")
LISTEN = "0A"
PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17


def search_files(folders: list[str], uids: set[int], *, everything: bool) -> Iterator[Finding]:
    """Walk all listable files; `everything`: of any owner."""
    for folder in folders:
        for location, names, files in os.walk(folder):
            for name in [*names, *files, "."]:
                yield from _try_path(Path(location, name), uids, everything=everything)


def _try_path(path: Path, uids: set[int], *, everything: bool) -> Iterator[Finding]:
    try:
        found = path.lstat()
    except OSError:
        return
    if stat.S_ISLNK(found.st_mode) or not (everything or found.st_uid in uids):
        return
    if os.access(path, os.W_OK):
        yield "write", str(path)
    if stat.S_ISDIR(found.st_mode):
        if os.access(path, os.R_OK):
            yield "list", str(path)
    elif stat.S_ISSOCK(found.st_mode):
        yield from _try_socket(str(path))
    elif os.access(path, os.R_OK):
        yield "read", str(path)


def _try_socket(address: str) -> Iterator[Finding]:
    with socket.socket(socket.AF_UNIX) as trying:
        trying.settimeout(1)
        try:
            trying.connect(address)
        except OSError:
            return
        yield "connect", address.replace("\0", "@")


def search_sockets(uids: set[int], folders: list[str]) -> Iterator[Finding]:
    """Connect to every listener of these accounts, and to each of their Unix sockets and all abstract ones."""
    for table, family, host in (("tcp", socket.AF_INET, "127.0.0.1"), ("tcp6", socket.AF_INET6, "::1")):
        for row in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] != LISTEN or int(fields[7]) not in uids:
                continue
            port = int(fields[1].rpartition(":")[2], 16)
            with socket.socket(family) as trying:
                trying.settimeout(2)
                if trying.connect_ex((host, port)) == 0:
                    yield "connect", f"tcp {port} of uid {fields[7]}"
    for row in Path("/proc/net/unix").read_text().splitlines()[1:]:
        name = row.split(maxsplit=7)[7] if len(row.split(maxsplit=7)) > 7 else ""
        if any(name.startswith(folder) for folder in folders):
            yield from _try_socket(name)


def search_processes(uids: set[int], pids: set[int]) -> Iterator[Finding]:
    """Try to inspect, trace and signal every process of these accounts and of the server."""
    libc = ctypes.CDLL(None, use_errno=True)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            owner, command = folder.stat().st_uid, (folder / "comm").read_text().strip()
        except OSError:
            continue
        if owner not in uids and int(folder.name) not in pids:
            continue
        which = f"{command} ({'server' if int(folder.name) in pids else 'session'})"
        yield from ((f"read {name}", which) for name in OF_A_PROCESS if _opens(folder / name))
        yield from ((f"read {name}", which) for name in ("cwd", "root", "exe") if _leads_somewhere(folder / name))
        if os.access(folder / "fd", os.R_OK):
            yield "read fd", which
        try:
            os.kill(int(folder.name), 0)
            yield "signal", which
        except OSError:
            pass
        if libc.ptrace(PTRACE_SEIZE, int(folder.name), None, None) == 0:
            yield "trace", which
            libc.ptrace(PTRACE_DETACH, int(folder.name), None, None)


def _leads_somewhere(path: Path) -> bool:
    try:
        return bool(path.readlink())
    except OSError:
        return False


def _opens(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def search_ipc(uids: set[int]) -> Iterator[Finding]:
    """Search for accessible shared memory, semaphores and queues (System V; POSIX ones are files)."""
    for kind, column in (("shm", 7), ("sem", 4), ("msg", 7)):
        for row in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]:
            fields = row.split()
            if int(fields[column]) in uids and int(fields[2], 8) & 0o006:
                yield "read", f"System V {kind} {fields[1]}"


def main() -> None:
    """Run all searches."""
    asked = json.loads(sys.argv[1])
    uids, pids = set(asked["uids"]), set(asked["pids"])
    found = {
        *search_files(asked["own"], uids, everything=True),
        *search_files(asked["shared"], uids, everything=False),
        *search_sockets(uids | {0}, [*asked["own"], *asked["shared"], "@"]),
        *search_processes(uids, pids),
        *search_ipc(uids),
    }
    sys.stdout.write(json.dumps(sorted(found)))


main()
