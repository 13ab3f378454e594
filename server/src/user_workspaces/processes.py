"""The running processes of this server; each has a file in the data folder while it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

FOLDER = "running"
START_TIME = 19
"""Index of the start time in `/proc/<pid>/stat`, after the name, see proc(5). A pid alone can be reused."""

ENDED = ("Z", "X")
"""States of a process that has ended: zombie and dead."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A process of this server."""

    command: str
    """The command of `manage.py` that started it."""
    pid: int
    started: int
    """In clock ticks since the machine started."""
    url: str = ""
    """The address of the portal; empty for a process that serves none."""


@contextmanager
def noted(data_dir: Path, *, command: str, url: str = "") -> Iterator[None]:
    """Register this process while the block runs; a file that cannot be written is ignored."""
    process = ServerProcess(command, os.getpid(), start_of(os.getpid()) or 0, url)
    file = data_dir / FOLDER / f"{process.pid}.json"
    with suppress(OSError):
        _write(file, orjson.dumps(asdict(process)))
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()


def running_processes(data_dir: Path) -> list[ServerProcess]:
    """Return the running processes, newest first; files of killed processes are ignored."""
    found = [_read(file) for file in (data_dir / FOLDER).glob("*.json")]
    alive = [process for process in found if process and start_of(process.pid) == process.started]
    return sorted(alive, key=lambda process: process.started, reverse=True)


def start_of(pid: int) -> int | None:
    """Return the start time of a process in clock ticks; None for an unknown pid and for a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in ENDED else int(fields[START_TIME])
    except (OSError, ValueError, IndexError):
        return None


def _write(file: Path, content: bytes) -> None:
    """Write a file atomically, readable for the server's account only."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(file)


def _read(file: Path) -> ServerProcess | None:
    try:
        return ServerProcess(**orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None
