"""Workspaces that are made as copies of another person's, and are not their owner's before they say yes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from user_workspaces.accounts.models import User
from user_workspaces.errors import Conflict, UserWorkspacesError
from user_workspaces.interfaces.storage import NOTHING
from user_workspaces.workspaces.actions import measure
from user_workspaces.workspaces.copy_rooms import check_acceptance, forget_copy, settle_copy
from user_workspaces.workspaces.details import NewFile
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import home_of


def new_copies(*, original: Workspace, owners: Iterable[User], now: datetime) -> list[Workspace]:
    """Write a row for each owner, in their order; the files come later, and until then nobody tends them."""
    return Workspace.objects.bulk_create(
        Workspace(
            owner=owner,
            name=original.name,
            description=original.description,
            default_job_type=original.default_job_type,
            storage=original.storage,
            requested=without_hidden(original.requested),
            current={"files": [], "symlinks": []},
            datetime_created=now,
            datetime_last_modified=now,
            awaits_acceptance=True,
        )
        for owner in owners
    )


def without_hidden(listed: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, list[Mapping[str, str]]]:
    """Return files and links as a copy has them: dot files stay with their owner, their names too."""
    return {
        kind: [
            item for item in listed.get(kind, ()) if not any(part.startswith(".") for part in item["name"].split("/"))
        ]
        for kind in ("files", "symlinks")
    }


def fill_copy(
    *, original: Workspace, copy: Workspace, progress: Callable[[int], None], added: Iterable[NewFile] = ()
) -> Workspace:
    """Copy the files and measure them; return the row as it is then.

    `added`: files that the copy gets beside them, unless it has others of these names.
    What an earlier attempt left has to be removed first: `clear_copy`. After an error a part of the files may be
    there: `try_to_clear`.
    """
    source, target = home_of(original), home_of(copy)
    target.storage.copy(source.location, target.location, progress=progress)
    for file in added:
        with suppress(Conflict):
            target.storage.write(target.location, file.name, [file.content], expecting=NOTHING)
    unfinished = Workspace.objects.filter(pk=copy.pk, status=WorkspaceStatus.INITIALIZING)
    unfinished.update(changes=1)
    copy.changes = 1
    measure(copy)
    return Workspace.objects.get(pk=copy.pk)


def clear_copy(copy: Workspace) -> None:
    """Remove what an earlier attempt left."""
    home = home_of(copy)
    home.storage.delete(home.location)


def try_to_clear(copy: Workspace) -> bool:
    """Remove what a failed attempt left; False: that cannot be done now, and the next attempt has to do it."""
    try:
        clear_copy(copy)
    except UserWorkspacesError:
        return False
    return True


def complete_copy(measured: Workspace, *, held: int, now: datetime) -> None:
    """Say that all is there, in one transaction with what makes sure of it; raises `QuotaExceeded`.

    `held` is the room on disk, in bytes, that it was made in.
    """
    if _change(measured.pk, WorkspaceStatus.INITIALIZING, WorkspaceStatus.IDLE):
        settle_copy(measured, held=held, now=now)


def give_up_copy(*, workspace_id: int, is_cleared: bool) -> None:
    """Say that it could not be made, unless it is being deleted; what is still there of it goes on to count."""
    if _change(workspace_id, WorkspaceStatus.INITIALIZING, WorkspaceStatus.ERROR) and is_cleared:
        forget_copy(workspace_id)


def resume_copy(*, workspace_id: int) -> bool:
    """Say that it is being made again; False: there is nothing that failed."""
    return _change(workspace_id, WorkspaceStatus.ERROR, WorkspaceStatus.INITIALIZING)


def accept_copy(copy: Workspace, *, now: datetime) -> None:
    """Make it its owner's, in a transaction; raises `QuotaExceeded` where they have no room for what is made."""
    if copy.awaits_acceptance:
        check_acceptance(copy, now=now)
    Workspace.objects.filter(pk=copy.pk).update(awaits_acceptance=False)


def _change(workspace_id: int, old: WorkspaceStatus, new: WorkspaceStatus) -> bool:
    return bool(Workspace.objects.filter(pk=workspace_id, status=old).update(status=new))
