"""The journal of a run: all events, and the runner's only persistent state."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any


class CannotRun(Exception):
    """Nothing can be run or recorded; the message is for users."""


class Journal:
    """An append-only file with one JSON object per line, synced to disk after each."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        self._known: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def append(self, event: str, **values: object) -> None:
        """Write a line; the line break before it ends one that a crash left incomplete. Raises `CannotRun`."""
        data = f"\n{json.dumps({'event': event, 'at': time.time(), **values})}\n".encode()
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                while data:
                    data = data[os.write(handle, data) :]
                # Synced before the caller acts on it: after a crash, a command must not run twice.
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise CannotRun(f"The journal cannot be written: {error.strerror}.") from None

    def records(self, event: str, job: str = "") -> list[dict[str, Any]]:
        """Return the records of an event, oldest first; invalid lines are skipped."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with open(handle, "rb") as file:  # noqa: PTH123  a handle: a path would follow links
                file.seek(self._read)
                # Complete lines only: another process may be writing the last one.
                whole = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            whole = b""
        except OSError as error:
            raise CannotRun(f"The journal cannot be read: {error.strerror}.") from None
        self._read += len(whole)
        for line in whole.split(b"\n"):
            with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
                record = json.loads(line)
                self._known[record["event"], record.get("uuid", "")].append(record)
        return self._known[event, job]
