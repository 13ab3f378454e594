"""Storages on which a copy takes as long as the test needs, and controllers that are killed during a copy."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from django.db import connections

from support.fake_copies import make_copies
from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.values import PluginContext, WorkspaceLocation
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.testing.fake_storage import FakeStorageOptions, InMemoryStorage
from user_workspaces.workspaces.details import Details, NewFile

NOWHERE = Path("/nonexistent")
PATIENCE_SECONDS = 60

FILES = Details(
    files=(NewFile("a", b"x" * 2 * BLOCK_BYTES), NewFile("d/b", b"x"), NewFile(".big", b"x" * 50 * BLOCK_BYTES))
)
COPIED = 5
"""Blocks that a copy of `FILES` reserves: one for the workspace, two and one for files, one for the directory."""


class StorageThatCopiesWhenAllowed(InMemoryStorage):
    """A storage on which a copy reports its progress until the test allows it to end."""

    def __init__(self, context: PluginContext, options: FakeStorageOptions) -> None:
        super().__init__(context, options)
        self.started, self.allowed = threading.Event(), threading.Event()
        self.copied = list[str]()

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        self.create(target)
        self.started.set()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.allowed.wait(0.005) and time.monotonic() < deadline:
            progress(500)
        super().copy(source, target, progress=progress)
        self.copied.append(target.directory)


def built(kind: type[InMemoryStorage]) -> InMemoryStorage:
    """Return a fake storage of this class."""
    context = PluginContext(
        "local", base_dir=NOWHERE, data_dir=NOWHERE, runtime_dir=NOWHERE, find_client=lambda _: None
    )
    return kind(context, FakeStorageOptions())


def copy_and_be_killed(*, after_seconds: float, now: datetime) -> bool:
    """Make copies in a child process and kill it after a time; return whether it was still running."""
    connections.close_all()  # a connection must not be shared with a child
    child = os.fork()
    if child == 0:
        try:
            make_copies(now=now)
        finally:
            os._exit(0)
    time.sleep(after_seconds)  # not a wait for a condition: this is the time of the kill
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def tree_of(storage: Storage, location: WorkspaceLocation) -> Mapping[str, object]:
    """Return all entries: files with their content, others with their kind."""
    root = storage.locate(location)
    return {
        entry.path: (root / entry.path).read_bytes() if entry.kind == "file" else entry.kind
        for entry in storage.tree(location)
    }
