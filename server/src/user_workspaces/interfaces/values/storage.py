"""Workspaces, their entries and their uploads, as a storage describes them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from user_workspaces.interfaces.values.identity import SystemAccount


@dataclass(frozen=True, slots=True)
class WorkspaceLocation:
    """The directory of a workspace, relative to the storage's root, and the account that owns it."""

    directory: str
    account: SystemAccount


class EntryKind(StrEnum):
    """The kind of an entry."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a workspace. `path` is relative, in the text form of `file_names`; `size` is in bytes."""

    path: str
    kind: EntryKind
    size: int
    modified: datetime
    version: str = field(default="", compare=False)
    """Opaque; differs as soon as the content may differ. Empty in the results of `Storage.tree`."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the entries of one directory, and the number of all."""

    entries: tuple[Entry, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Upload:
    """The state of a file that is uploaded in several requests."""

    id: str
    path: str
    length: int  # bytes of the complete file
    offset: int
    """The number of bytes on disk, and so the offset of the next."""
    finished: bool  # the file is at its path
    expires: datetime
    """The time after which it may be removed if no more data arrives."""
    note: str = ""
    """The text given to `Storage.begin_upload`."""
