"""Which processes of this server run: each notes itself in the data folder for as long as it lives."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

FOLDER = "running"
START_TIME = 19
"""The place of a process's start in its `stat` after its name, see proc(5): a pid alone may be another's by now."""

ENDED = ("Z", "X")
"""States, at the first place, of what runs no more."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A process of ours."""

    command: str
    """That of `manage.py` that started it."""
    pid: int
    started: int
    """In clock ticks since the machine started."""
    url: str = ""
    """Where it serves the portal; empty: nowhere."""


@contextmanager
def noted(data_dir: Path, *, command: str, url: str = "") -> Iterator[None]:
    """Have others find this process while the block runs; a note that cannot be written keeps nothing from running."""
    process = ServerProcess(command, os.getpid(), start_of(os.getpid()) or 0, url)
    note = data_dir / FOLDER / f"{process.pid}.json"
    with suppress(OSError):
        _write(note, orjson.dumps(asdict(process)))
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink()


def running_processes(data_dir: Path) -> list[ServerProcess]:
    """Return those that run, the newest first; the note of one that was killed is not believed."""
    found = [_read(note) for note in (data_dir / FOLDER).glob("*.json")]
    alive = [process for process in found if process and start_of(process.pid) == process.started]
    return sorted(alive, key=lambda process: process.started, reverse=True)


def start_of(pid: int) -> int | None:
    """Return when a process began; None: there is none of this pid, or it has ended and waits for its parent."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in ENDED else int(fields[START_TIME])
    except (OSError, ValueError, IndexError):
        return None


def _write(note: Path, content: bytes) -> None:
    """Write it whole, and for our own account alone."""
    note.parent.mkdir(mode=0o700, exist_ok=True)
    draft = note.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(note)


def _read(note: Path) -> ServerProcess | None:
    try:
        return ServerProcess(**orjson.loads(note.read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None
