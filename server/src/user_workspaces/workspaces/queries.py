"""Reads workspaces."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce, Lower
from django.db.models.sql.compiler import SQLCompiler

from user_workspaces import registry
from user_workspaces.accounts.actions import system_account
from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import owned_account
from user_workspaces.db.leases import due
from user_workspaces.db.raw_lists import PerOwnerQuery, values_by_key
from user_workspaces.db.search import contains
from user_workspaces.errors import InvalidRequest, NotFound, StorageError
from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

LONGEST_WAIT = timedelta(hours=1)
"""The longest time until a check by the controller: longer than a creation or a write may take."""
# Each word adds conditions, and databases limit the number of these.
MOST_WORDS = 8
Sql = tuple[str, tuple[str | int, ...]]
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
    location: WorkspaceLocation


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """Return a user's workspaces, newest first, without copies that are not accepted and workspaces of runs."""
    return _listed(user.pk)


def _listed(owner_id: int) -> QuerySet[Workspace]:
    return Workspace.objects.filter(owner_id=owner_id, awaits_acceptance=False, holds_runs=False).order_by("-id")


LISTED = PerOwnerQuery(_listed)
"""The same for `raw_lists`."""


class Sorting(StrEnum):
    """The orders of the list of workspaces."""

    OPENED = "opened"
    NAME = "name"
    NEWEST = "newest"
    SIZE = "size"


ORDER: dict[Sorting, tuple[OrderBy | str, ...]] = {
    Sorting.OPENED: (Coalesce("datetime_last_job_launch", "datetime_created").desc(), "-id"),
    Sorting.NAME: (Lower("name").asc(), "-id"),
    Sorting.NEWEST: ("-id",),
    Sorting.SIZE: ("-disk_space", "-id"),
}


class _ListLength(Func):
    """The length of the list under a key of `current`, counted by the database without sending the names."""

    output_field = IntegerField()

    def __init__(self, key: str) -> None:
        super().__init__("current")
        # Only these keys: the key becomes a part of the SQL, where no parameter can be.
        self._key = {"files": "files", "symlinks": "symlinks"}[key]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: object) -> Sql:
        """Count a JSON text."""
        return self.as_sql(compiler, connection, template=f"JSON_ARRAY_LENGTH(%(expressions)s, '$.{self._key}')")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: object) -> Sql:
        """Count a JSONB value."""
        return self.as_sql(compiler, connection, template=f"JSONB_ARRAY_LENGTH(%(expressions)s -> '{self._key}')")


def find_workspaces(user: User, *, search: str, status: str, sorting: Sorting) -> QuerySet[Workspace]:
    """Return a user's workspaces that have every word of `search` in the name or the description.

    Each row has `file_count` and `dataset_count`; the names of files are not read.
    """
    found = workspaces_of(user).order_by(*ORDER[sorting]).defer("requested", "current")
    for word in search.split()[:MOST_WORDS]:
        found = found.filter(contains(word, "name", "description"))
    if status in WorkspaceStatus.values:
        found = found.filter(status=status)
    return found.annotate(file_count=_ListLength("files"), dataset_count=_ListLength("symlinks"))


def find_workspace(*, user: User, workspace_id: int) -> Workspace:
    """Return a user's workspace; raises `NotFound`, also for those of others, `InvalidRequest` before acceptance."""
    found = Workspace.objects.filter(owner=user, pk=workspace_id).first()
    if found is None:
        raise NotFound(f"Workspace {workspace_id} not found for user.")
    check_accepted(found)
    return found


def check_accepted(workspace: Workspace) -> None:
    """Raise `InvalidRequest` for an offered copy that its owner has not accepted."""
    if workspace.awaits_acceptance:
        raise InvalidRequest(f"Workspace {workspace.pk} is a shared workspace and has not been accepted.")


def has_home(workspace: Workspace) -> bool:
    """Return True if the workspace may have files: without a system account nothing was ever written."""
    storage = registry.site().storages.get(workspace.storage)
    return storage is None or owned_account(workspace.owner, storage.user_authentication) is not None


def name_of(workspace_id: int) -> str | None:
    """Return the name of a workspace; None if it is deleted, which its finished jobs survive."""
    return Workspace.objects.filter(pk=workspace_id).values_list("name", flat=True).first()


def disk_space_of(workspace_ids: Iterable[int]) -> dict[int, int]:
    """Return the bytes of each of these workspaces, in one query, without those that are deleted."""
    return values_by_key(Workspace, "disk_space", workspace_ids)


def home_of(workspace: Workspace) -> Home:
    """Return where the files of a workspace are; checks the owner's system account, and creates it at first use."""
    storage = registry.site().storages.get(workspace.storage)
    if storage is None:
        raise StorageError("The storage of this workspace is no longer configured. Ask the operators of this server.")
    authentication = storage.user_authentication
    account = system_account(user=workspace.owner, user_authentication=authentication)
    return Home(
        storage=registry.current().storages.get(workspace.storage),
        location=WorkspaceLocation(directory=f"{workspace.owner.username}/{workspace.pk}", account=account),
    )


def due_workspaces(*, now: datetime, limit: int) -> list[Workspace]:
    """Return the due workspaces."""
    found = Workspace.objects.filter(due(now=now, longest=LONGEST_WAIT)).order_by("next_check_at", "id")
    return list(found.select_related("owner")[:limit])


def is_usable(workspace: Workspace) -> bool:
    """Return True if jobs may be launched and files changed."""
    return workspace.status in {WorkspaceStatus.IDLE, WorkspaceStatus.ACTIVE}


def usable_home(workspace: Workspace) -> Home:
    """Return where the files of a workspace are; raises `InvalidRequest` if they cannot be used now."""
    if not is_usable(workspace):
        raise InvalidRequest(f"Workspace {workspace.pk} is {workspace.status}: its files cannot be used now.")
    return home_of(workspace)
