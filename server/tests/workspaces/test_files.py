"""Single files of a workspace: every change makes it due, and expired uploads are removed."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import Conflict, InvalidRequest, NotFound
from user_workspaces.interfaces.storage import UPLOAD_LIFETIME
from user_workspaces.workspaces import files, uploads
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import LONGEST_WAIT, home_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace(make_user: Callable[[], User], workspace_of: Callable[..., Workspace]) -> Workspace:
    made = workspace_of(make_user())
    process_due_workspaces(now=timezone.now())
    made.refresh_from_db()
    assert made.next_check_at is None
    return made


def changed(workspace: Workspace) -> bool:
    """Return True if the workspace is due now, and measure it."""
    before = workspace.changes
    workspace.refresh_from_db()
    now = timezone.now()
    is_due = workspace.changes > before and workspace.next_check_at is not None and workspace.next_check_at <= now
    process_due_workspaces(now=now)
    workspace.refresh_from_db()
    return is_due


def test_every_change_makes_the_workspace_due(workspace: Workspace) -> None:
    now = timezone.now()
    files.save_file(workspace=workspace, path="a", chunks=[b"x" * 10_000], now=now)
    assert changed(workspace)
    assert workspace.disk_space >= 10_000
    files.make_folder(workspace=workspace, path="d", now=now)
    assert changed(workspace)
    files.move_entry(workspace=workspace, path="a", new_path="d/a", overwrite=False, now=now)
    assert changed(workspace)
    assert workspace.current["files"] == [{"name": "/d/a"}]
    upload = uploads.begin_upload(workspace=workspace, path="b", length=20_000, note="", now=now)
    assert changed(workspace)
    uploads.append_to_upload(workspace=workspace, upload_id=upload.id, offset=0, chunks=[b"x" * 15_000], now=now)
    assert changed(workspace)
    assert workspace.disk_space >= 25_000
    assert workspace.current["files"] == [{"name": "/d/a"}]
    uploads.cancel_upload(workspace=workspace, upload_id=upload.id, now=now)
    assert changed(workspace)
    files.remove_entry(workspace=workspace, path="d", now=now)
    assert changed(workspace)
    assert workspace.current["files"] == []


def broken_chunks() -> Iterator[bytes]:
    yield b"x"
    raise InvalidRequest("The body broke off.")


def test_broken_upload_is_measured(workspace: Workspace) -> None:
    upload = uploads.begin_upload(workspace=workspace, path="b", length=9, note="", now=timezone.now())
    changed(workspace)
    with pytest.raises(Conflict):
        uploads.append_to_upload(workspace=workspace, upload_id=upload.id, offset=5, chunks=[], now=timezone.now())
    assert not changed(workspace)  # nothing was written
    chunks = broken_chunks()
    with pytest.raises(InvalidRequest):
        uploads.append_to_upload(workspace=workspace, upload_id=upload.id, offset=0, chunks=chunks, now=timezone.now())
    assert changed(workspace)


def test_expired_uploads_are_removed(workspace: Workspace) -> None:
    upload = uploads.begin_upload(workspace=workspace, path="b", length=9, note="", now=timezone.now())
    changed(workspace)
    assert workspace.next_check_at is not None
    assert abs(workspace.next_check_at - timezone.now() - LONGEST_WAIT) < timedelta(minutes=1)
    for path in hidden(workspace):
        os.utime(path, (0, 0))
    assert process_due_workspaces(now=timezone.now() + UPLOAD_LIFETIME) == 1
    assert hidden(workspace) == []
    workspace.refresh_from_db()
    assert workspace.next_check_at is None
    with pytest.raises(NotFound):
        uploads.find_upload(workspace=workspace, upload_id=upload.id, now=timezone.now())


def hidden(workspace: Workspace) -> list[Path]:
    home = home_of(workspace)
    return list((home.storage.locate(home.location) / ".uws-part-uploads").iterdir())


@pytest.mark.parametrize("status", ["initializing", "deleting", "error"])
def test_files_of_a_workspace_that_is_not_ready_cannot_be_used(workspace: Workspace, status: str) -> None:
    workspace.status, now = status, timezone.now()
    for attempt in (
        lambda: files.list_folder(workspace=workspace, path=""),
        lambda: files.open_file(workspace=workspace, path="a"),
        lambda: list(files.walk_folder(workspace=workspace, path="")),
        lambda: files.make_folder(workspace=workspace, path="d", now=now),
        lambda: files.save_file(workspace=workspace, path="a", chunks=[], now=now),
        lambda: uploads.begin_upload(workspace=workspace, path="a", length=1, note="", now=now),
    ):
        with pytest.raises(InvalidRequest, match=status):
            attempt()


def test_missing_entries_are_not_found(workspace: Workspace) -> None:
    now = timezone.now()
    for attempt in (
        lambda: files.list_folder(workspace=workspace, path="x"),
        lambda: files.entry_at(workspace=workspace, path="x"),
        lambda: files.open_file(workspace=workspace, path="x"),
        lambda: files.remove_entry(workspace=workspace, path="x", now=now),
        lambda: files.move_entry(workspace=workspace, path="x", new_path="y", overwrite=False, now=now),
        lambda: uploads.find_upload(workspace=workspace, upload_id="x", now=now),
        lambda: uploads.append_to_upload(workspace=workspace, upload_id="x", offset=0, chunks=[], now=now),
        lambda: uploads.cancel_upload(workspace=workspace, upload_id="x", now=now),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert files.find_entry(workspace=workspace, path="x") is None
