"""The bounded log of one command's output, readable while it grows."""

from __future__ import annotations

import os
from pathlib import Path

from .journal import CannotRun

CHUNK = 64 << 10
"""Bytes per read: the capacity of a pipe."""


class Log:
    """A file with a size limit: above it, its middle is replaced by a note."""

    def __init__(self, path: Path, limit: int) -> None:
        self._limit, self.complaint = max(limit, 8 * CHUNK), ""
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise CannotRun(f"The log cannot be written: {error.strerror}.") from None
        self._size = self._seen = os.lseek(self._handle, 0, os.SEEK_END)

    def write(self, data: bytes) -> None:
        """Write output; errors of the file system lose output, but do not end the command."""
        try:
            if self._size + len(data) > self._limit:
                self._leave_out_the_middle()
            self._size += os.pwrite(self._handle, data, self._size)
            self._seen += len(data)
        except OSError as error:
            self.complaint = f" Its output is incomplete: {error.strerror}."

    def tail(self, length: int) -> str:
        """Return the last bytes as text; empty if they cannot be read."""
        try:
            data = os.pread(self._handle, length, max(0, self._size - length))
        except OSError:
            return ""
        return data.decode("utf-8", "replace")

    def _leave_out_the_middle(self) -> None:
        # Three quarters of the limit are kept, so that the next writes do not cause this again at once.
        head, tail = self._limit // 2, self._limit // 4
        last = os.pread(self._handle, tail, self._size - tail)
        left_out = self._seen - head - tail
        os.ftruncate(self._handle, head)
        note = f"\n[... {left_out} bytes of output omitted ...]\n".encode()
        self._size = head + os.pwrite(self._handle, note + last, head)
