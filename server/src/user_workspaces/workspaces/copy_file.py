"""Copies single files between workspaces, within the quota of the receiver."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from user_workspaces.errors import NotFound, PathNotFound
from user_workspaces.quotas import disk
from user_workspaces.quotas.values import on_disk
from user_workspaces.workspaces.actions import commit_write, prepare_write, upload_file
from user_workspaces.workspaces.files import OpenFile, open_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import Home, usable_home

PIECE = 1 << 18


def copy_file(*, source: Workspace, path: str, target: Workspace, new_path: str, now: datetime) -> int:
    """Copy one file, whole or not at all; return its size in bytes. Raises `NotFound`, `QuotaExceeded`.

    A storage may share the blocks of both files on disk; each counts with its full size.
    """
    old, new = usable_home(source), usable_home(target)
    with (opened := open_file(workspace=source, path=path)).content:
        size = opened.entry.size
        if old.storage is not new.storage:
            pieces = _pieces(opened, size)
            return upload_file(workspace=target, path=new_path, chunks=pieces, size=size, now=now)
    return _copy(old, path, target, new, new_path, size=size, now=now)


def _copy(old: Home, path: str, target: Workspace, new: Home, new_path: str, *, size: int, now: datetime) -> int:
    prepare_write(workspace_id=target.pk, now=now)
    owner, taken = target.owner_id, on_disk(0, new_path)
    reservation = disk.reserve_file(owner_id=owner, target=target.pk, path=new_path, size=size, now=now)
    try:
        written = new.storage.copy_file(old.location, path, new.location, new_path, most=size)
        taken = on_disk(written, new_path)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    finally:  # even if the copy failed, the folders above it may exist
        commit_write(target, reservation, size=taken, now=now)
    return written


def _pieces(opened: OpenFile, left: int) -> Iterator[bytes]:
    content: BinaryIO = opened.content
    # A file that grows meanwhile must not exceed its reservation.
    while left and (piece := content.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
