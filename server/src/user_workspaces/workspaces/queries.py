"""Reading workspaces."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from user_workspaces import registry
from user_workspaces.accounts.actions import system_account
from user_workspaces.accounts.models import User
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.values import Place
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

COLUMNS = (
    "id",
    "name",
    "description",
    "disk_space",
    "datetime_created",
    "datetime_last_modified",
    "datetime_last_job_launch",
    "requested",
    "current",
    "status",
    "default_job_type",
)


@dataclass(frozen=True, slots=True)
class Home:
    """Where the files of a workspace are."""

    storage: Storage
    place: Place


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """Return a person's workspaces, newest first."""
    return Workspace.objects.filter(owner=user).order_by("-id")


def find_workspace(*, user: User, workspace_id: int) -> Workspace:
    """Return a person's workspace; raises `NotFound`, also for somebody else's."""
    found = workspaces_of(user).filter(pk=workspace_id).first()
    if found is None:
        raise NotFound(f"Workspace {workspace_id} not found for user.")
    return found


def home_of(workspace: Workspace) -> Home:
    """Return where its files are; the owner's system account is checked, and made at first use."""
    authentication = registry.site().storages[workspace.storage].user_authentication
    account = system_account(user=workspace.owner, user_authentication=authentication)
    return Home(
        storage=registry.current().storages.get(workspace.storage),
        place=Place(directory=f"{workspace.owner.username}/{workspace.pk}", account=account),
    )


def due_workspaces(*, now: datetime, limit: int) -> list[Workspace]:
    """Return the workspaces that the controller has to look at."""
    due = Workspace.objects.filter(next_check_at__lte=now).order_by("next_check_at")
    return list(due.select_related("owner")[:limit])


def is_usable(workspace: Workspace) -> bool:
    """Return whether jobs may be launched and files changed."""
    return workspace.status in {WorkspaceStatus.IDLE, WorkspaceStatus.ACTIVE}
