"""Many small files in one request: a line of JSON with their paths and sizes, then their bytes one after the other.

Each file is written whole or not at all, while the request arrives; nothing is kept elsewhere before.
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
"""In bytes, all files of a batch together."""
_LONGEST_LINE = 512 * 1024


@dataclass(frozen=True, slots=True)
class Announced:
    """One file of a batch, as its first line names it; the path may be one that no file can have."""

    path: object
    size: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one file; `problem` is empty where it is written."""

    path: str
    problem: str = ""


def save_batch(request: HttpRequest, workspace: Workspace, *, now: datetime) -> list[Saved]:
    """Write the files of a batch; what is wrong with one of them does not keep the others.

    Raises `InvalidRequest` for a body that cannot be read; the files before the place where it breaks off are written.
    """
    body = _Body(pieces_of(request))
    return [_save(workspace, one, body, now=now) for one in _announced(body.line())]


def _announced(line: bytes) -> list[Announced]:
    try:
        read = json.loads(line)
        found = [Announced(one["path"], one["size"]) for one in read]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InvalidRequest("The first line of a batch must be a list of paths and sizes.") from None
    if not all(isinstance(one.size, int) and 0 <= one.size <= LARGEST_BATCH for one in found):
        raise InvalidRequest("The size of each file of a batch must be a number of bytes.")
    if len(found) > MOST_FILES or sum(one.size for one in found) > LARGEST_BATCH:
        raise TooLarge(f"A batch has {MOST_FILES} files and {LARGEST_BATCH} bytes at most.")
    return found


def _save(workspace: Workspace, one: Announced, body: "_Body", *, now: datetime) -> Saved:
    content = body.take(one.size)
    try:
        path = file_path(one.path)
        upload_file(workspace=workspace, path=path, chunks=content, size=one.size, now=now)
    except UserWorkspacesError as error:
        if body.is_broken:
            raise
        for _ in content:  # the next file begins behind it
            pass
        return Saved(str(one.path), error.message)
    return Saved(path)


class _Body:
    """The bytes of a request, cut where the files begin and end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.is_broken = False
        """Whether no more can be read: what is wrong is not one file."""
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
        """Return the next bytes in pieces; raises `InvalidRequest` where they break off."""
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
