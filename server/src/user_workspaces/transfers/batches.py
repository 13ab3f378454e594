"""Uploads of many small files in one request: a line of JSON with their paths and sizes, then their bytes in order.

Each file is written whole or not at all while the request arrives, without a temporary copy.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from user_workspaces.errors import InvalidRequest, TooLarge, UserWorkspacesError
from user_workspaces.transfers.filenames import file_path
from user_workspaces.transfers.request_body import PIECE, pieces_of
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

MOST_FILES = 200
LARGEST_BATCH = 16 * 1024 * 1024
"""In bytes: the sum of the files."""
_LONGEST_LINE = 512 * 1024


@dataclass(frozen=True, slots=True)
class DeclaredFile:
    """One file as the first line of a batch declares it; its path is not checked yet."""

    path: object
    size: int


@dataclass(frozen=True, slots=True)
class Saved:
    """The result for one file; `problem` is empty if it was written."""

    path: str
    problem: str = ""


def save_batch(request: HttpRequest, workspace: Workspace, *, now: datetime) -> list[Saved]:
    """Write the files of a batch; a problem with one of them does not stop the others.

    Raises `InvalidRequest` for a body that cannot be read; the files before the break are written.
    """
    body = _Body(pieces_of(request))
    return [_save(workspace, one, body, now=now) for one in _declared_files(body.line())]


def _declared_files(line: bytes) -> list[DeclaredFile]:
    try:
        read = json.loads(line)
        found = [DeclaredFile(one["path"], one["size"]) for one in read]
    except (ValueError, TypeError, KeyError, RecursionError):
        # Deeply nested JSON raises `RecursionError`, which is not a `ValueError`.
        raise InvalidRequest("The first line of a batch must be a list of paths and sizes.") from None
    if not all(isinstance(one.size, int) and 0 <= one.size <= LARGEST_BATCH for one in found):
        raise InvalidRequest("The size of each file of a batch must be a number of bytes.")
    if len(found) > MOST_FILES or sum(one.size for one in found) > LARGEST_BATCH:
        raise TooLarge(f"A batch may have at most {MOST_FILES} files and {LARGEST_BATCH} bytes.")
    return found


def _save(workspace: Workspace, one: DeclaredFile, body: "_Body", *, now: datetime) -> Saved:
    content = body.take(one.size)
    try:
        path = file_path(one.path)
        upload_file(workspace=workspace, path=path, chunks=content, size=one.size, now=now)
    except UserWorkspacesError as error:
        if body.is_broken:
            raise
        for _ in content:  # skip the rest of this file, so that the next one is found
            pass
        return Saved(str(one.path), error.message)
    return Saved(path)


class _Body:
    """Splits the body of a request into its first line and its files."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.is_broken = False
        """True if no more can be read: then the whole request fails, not one file."""
        self._pieces = pieces
        self._held = b""

    def line(self) -> bytes:
        """Return the first line; raises `InvalidRequest`."""
        while b"\n" not in self._held:
            if len(self._held) > _LONGEST_LINE:
                raise TooLarge("The first line of a batch is too long.")
            self._held += self._more()
        line, _, self._held = self._held.partition(b"\n")
        return line

    def take(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes in pieces; raises `InvalidRequest` if the body is shorter."""
        while size:
            self._held = self._held or self._more()
            piece = self._held[: min(size, PIECE)]
            self._held = self._held[len(piece) :]
            size -= len(piece)
            yield piece

    def _more(self) -> bytes:
        try:
            piece = next(self._pieces, b"")
        except UserWorkspacesError:
            self.is_broken = True
            raise
        if not piece:
            self.is_broken = True
            raise InvalidRequest("The batch is shorter than its first line says.")
        return piece
