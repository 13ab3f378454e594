"""Workspaces, their entries and their uploads, as a storage describes them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from user_workspaces.interfaces.values.identity import SystemAccount


@dataclass(frozen=True, slots=True)
class WorkspaceLocation:
    """Where one workspace lives: a directory relative to the storage's root, and whose it is."""

    directory: str
    account: SystemAccount


class EntryKind(StrEnum):
    """What an entry of a workspace is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a workspace; `path` is relative, of texts of names (see `file_names`); sizes in bytes."""

    path: str
    kind: EntryKind
    size: int
    modified: datetime
    version: str = field(default="", compare=False)
    """Opaque; another one as soon as the content may be another. Empty where only a walk was asked for."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of what is directly in one directory, and how much there is in all."""

    entries: tuple[Entry, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrives in several requests."""

    id: str
    path: str
    length: int  # bytes of the whole file
    offset: int
    """How many bytes are on disk: the next ones go there."""
    finished: bool  # it is in its place
    expires: datetime
    """When it may be removed, if nothing more comes."""
    note: str = ""
    """What was given at its beginning, as it was."""
