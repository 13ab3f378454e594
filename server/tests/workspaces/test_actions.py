"""Creating, changing, measuring and deleting workspaces on a real storage."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import InvalidRequest, PathNotFound
from user_workspaces.registry import Registry
from user_workspaces.workspaces.actions import create_workspace, measure, update_workspace, upload_file
from user_workspaces.workspaces.details import Details, NewFile, NewLink
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Workspace]
MakeUser = Callable[..., User]


def read(workspace: Workspace, path: str) -> bytes:
    home = home_of(workspace)
    with home.storage.open(home.location, path) as file:
        return file.read()


def test_new_workspace_is_idle_and_has_its_files(make_user: MakeUser, workspace_of: Make) -> None:
    workspace = workspace_of(make_user(), details=Details(files=(NewFile("notes/a.txt", b"hello"),)))
    assert workspace.status == WorkspaceStatus.IDLE
    assert read(workspace, "notes/a.txt") == b"hello"


def test_details_are_measured_by_the_controller(make_user: MakeUser, workspace_of: Make) -> None:
    files = (NewFile("a.txt", b"x" * 5000), NewFile(".hidden", b""), NewFile(".git/config", b""))
    workspace = workspace_of(make_user(), details=Details(files=files))
    assert process_due_workspaces(now=timezone.now()) == 1
    workspace.refresh_from_db()
    assert workspace.current == {"files": [{"name": "/a.txt"}], "symlinks": []}
    assert workspace.disk_space >= 5000
    assert workspace.next_check_at is None


def test_failed_creation_leaves_no_row_and_no_directory(
    make_user: MakeUser, workspace_of: Make, site: Registry
) -> None:
    details = Details(files=(NewFile("a.txt", b""),), links=(NewLink("data", "/etc"),))
    with pytest.raises(PathNotFound, match=r"^Symlink path not found: /etc$"):
        workspace_of(make_user(), details=details)
    assert not Workspace.objects.exists()
    kept = workspace_of(make_user())
    home = home_of(kept)
    assert [path.name for path in home.storage.locate(home.location).parent.iterdir()] == [str(kept.pk)]


def test_interrupted_creation_is_removed_by_the_controller(make_user: MakeUser, workspace_of: Make) -> None:
    workspace = workspace_of(make_user(), details=Details(files=(NewFile("a.txt", b""),)))
    path = home_of(workspace).storage.locate(home_of(workspace).location)
    Workspace.objects.update(status=WorkspaceStatus.INITIALIZING, next_check_at=timezone.now())
    process_due_workspaces(now=timezone.now())
    assert not Workspace.objects.exists()
    assert not path.exists()


def test_change_during_a_measurement_is_measured_again(make_user: MakeUser, workspace_of: Make) -> None:
    workspace = workspace_of(make_user())
    stale = Workspace.objects.get(pk=workspace.pk)
    upload_file(workspace=workspace, path="late.txt", chunks=[b"1"], now=timezone.now())
    measure(stale)
    workspace.refresh_from_db()
    assert workspace.next_check_at is not None


def test_update_replaces_files_and_keeps_the_others(make_user: MakeUser, workspace_of: Make) -> None:
    workspace = workspace_of(make_user(), details=Details(files=(NewFile("a.txt", b"1"), NewFile("b.txt", b"1"))))
    details = Details(files=(NewFile("a.txt", b"2"), NewFile("c.txt", b"3")))
    update_workspace(workspace=workspace, now=timezone.now(), name="new", details=details)
    workspace.refresh_from_db()
    assert workspace.name == "new"
    assert workspace.requested["files"] == [{"name": "a.txt"}, {"name": "b.txt"}, {"name": "c.txt"}]
    assert read(workspace, "a.txt") == b"2"
    assert read(workspace, "b.txt") == b"1"


def test_unknown_job_type_is_rejected(make_user: MakeUser, site: Registry) -> None:
    with pytest.raises(InvalidRequest, match=r"^rocket is not in the list of available job types\.$"):
        create_workspace(
            owner=make_user(),
            name="x",
            description="",
            default_job_type="rocket",
            details=Details(),
            now=timezone.now(),
        )


def test_workspace_that_is_being_deleted_accepts_no_files(make_user: MakeUser, workspace_of: Make) -> None:
    workspace = workspace_of(make_user())
    workspace.status = WorkspaceStatus.DELETING
    with pytest.raises(InvalidRequest, match="is deleting"):
        upload_file(workspace=workspace, path="a", chunks=[b""], now=timezone.now())
