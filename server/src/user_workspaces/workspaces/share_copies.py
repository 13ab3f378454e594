"""Makes copies of shared workspaces; a copy counts against the quota of its receiver once they accept it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from user_workspaces.accounts.models import User
from user_workspaces.errors import Conflict, UserWorkspacesError
from user_workspaces.interfaces.storage import NOTHING
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.quotas import disk
from user_workspaces.quotas.accounts import lock_account, record_disk_usage
from user_workspaces.quotas.queries import allowance_of, disk_usage_of
from user_workspaces.quotas.reservation import Reservation, require_fit
from user_workspaces.quotas.values import BLOCK_BYTES, on_disk
from user_workspaces.workspaces.actions import measure
from user_workspaces.workspaces.details import NewFile
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import home_of


def new_copies(*, original: Workspace, owners: Iterable[User], now: datetime) -> list[Workspace]:
    """Create a row for each owner, in their order; the controller copies the files later."""
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
    """Return the files and links without dot files, which are not copied; their names are not shown, either."""
    return {
        kind: [
            item for item in listed.get(kind, ()) if not any(part.startswith(".") for part in item["name"].split("/"))
        ]
        for kind in ("files", "symlinks")
    }


def fill_copy(
    *, original: Workspace, copy: Workspace, progress: Callable[[int], None], added: Iterable[NewFile] = ()
) -> Workspace:
    """Copy the files, measure the copy and return its row.

    `added` are files that the copy gets unless it has files with these names. Call `clear_copy` first to remove what an
    earlier attempt left, and `try_to_clear` after an error.
    """
    source, target = home_of(original), home_of(copy)
    target.storage.copy(source.location, target.location, progress=progress)
    for file in added:
        with suppress(Conflict):
            target.storage.write(target.location, file.name, [file.content], expecting=NOTHING)
    unfinished = Workspace.objects.filter(pk=copy.pk, status=WorkspaceStatus.INITIALIZING)
    unfinished.update(changes=1)
    # `measure` takes the number of the change from this object.
    copy.changes = 1
    measure(copy)
    return Workspace.objects.get(pk=copy.pk)


def clear_copy(copy: Workspace) -> None:
    """Remove the files of an earlier attempt."""
    home = home_of(copy)
    home.storage.delete(home.location)


def try_to_clear(copy: Workspace) -> bool:
    """Remove the files of a failed attempt; return False if that fails, so that the next attempt has to do it."""
    try:
        clear_copy(copy)
    except UserWorkspacesError:
        return False
    return True


def is_limited(copy: Workspace) -> bool:
    """Return whether a copy counts against its owner's disk quota: it is accepted, and they have a limit."""
    return not copy.awaits_acceptance and allowance_of(copy.owner_id).disk_bytes is not None


def size_to_copy(original: Workspace) -> int:
    """Return the bytes that a copy is expected to take on disk; dot files are not copied.

    The measured size is smaller where files have holes, and larger where there are dot files: the smaller one counts.
    """
    home = home_of(original)
    size = BLOCK_BYTES
    for entry in home.storage.tree(home.location):
        if not any(name.startswith(".") for name in entry.path.split("/")):
            size += on_disk(entry.size) if entry.kind is EntryKind.FILE else BLOCK_BYTES
    is_measured = original.measured == original.changes and original.disk_space
    return min(size, original.disk_space) if is_measured else size


def reserve_copy(copy: Workspace, *, size: int, now: datetime) -> Reservation:
    """Reserve `size` bytes of the receiver's quota for one attempt, in place of what earlier attempts reserved.

    For the one process that may make the copy now, in a transaction that makes sure of it. Raises `QuotaExceeded`.
    """
    Workspace.objects.filter(pk=copy.pk).update(disk_space=0)
    lock_account(copy.owner_id)
    disk.release(target=copy.pk)
    if copy.awaits_acceptance:
        return Reservation(owner_id=copy.owner_id, target=copy.pk, size=size)
    receiver = copy.owner.username
    return disk.reserve(owner_id=copy.owner_id, target=copy.pk, size=size, receiver=receiver, now=now)


def grow_copy(*, workspace_id: int, old: int, new: int) -> bool:
    """Record the new size of an unfinished copy that is not accepted yet.

    False: it has been accepted, or another process is making it now.
    """
    unaccepted = Workspace.objects.filter(pk=workspace_id, status=WorkspaceStatus.INITIALIZING, awaits_acceptance=True)
    return bool(unaccepted.filter(disk_space=old).update(disk_space=new))


def complete_copy(measured: Workspace, *, held: int, now: datetime) -> None:
    """Mark a copy as complete: from now on its measured size counts, in place of the `held` bytes.

    In the transaction that makes sure of it. Raises `QuotaExceeded` where it is larger than `held` and does not fit.
    """
    if not _change(measured.pk, WorkspaceStatus.INITIALIZING, WorkspaceStatus.IDLE):
        return
    lock_account(measured.owner_id)
    disk.release(target=measured.pk)
    if measured.awaits_acceptance:
        return
    usage = disk_usage_of(measured.owner_id, limit=allowance_of(measured.owner_id).disk_bytes, now=now)
    if measured.disk_space > held:
        require_fit(usage, 0, total=measured.disk_space, receiver=measured.owner.username)
    # Again, as the measurement counted the copy twice: what it found on disk, and the reservation.
    record_disk_usage(owner_id=measured.owner_id, usage=usage, now=now)


def give_up_copy(*, workspace_id: int, is_cleared: bool) -> None:
    """Mark a copy as failed, unless it is being deleted; files that could not be cleared still count."""
    if _change(workspace_id, WorkspaceStatus.INITIALIZING, WorkspaceStatus.ERROR) and is_cleared:
        disk.release(target=workspace_id)
        Workspace.objects.filter(pk=workspace_id).update(disk_space=0)


def resume_copy(*, workspace_id: int) -> bool:
    """Mark a failed copy as in progress again; return False if it has not failed."""
    return _change(workspace_id, WorkspaceStatus.ERROR, WorkspaceStatus.INITIALIZING)


def accept_copy(copy: Workspace, *, now: datetime) -> None:
    """Give a copy to its receiver, in a transaction; raises `QuotaExceeded` where a finished one does not fit.

    An unfinished copy is checked while it is made.
    """
    # The workspace is locked before the account, as by its measurement: the other order could be a deadlock.
    found = Workspace.objects.select_for_update().get(pk=copy.pk)
    if found.awaits_acceptance and found.disk_space:
        lock_account(found.owner_id)
        disk.check(owner_id=found.owner_id, size=found.disk_space, now=now)
    Workspace.objects.filter(pk=copy.pk).update(awaits_acceptance=False)


def _change(workspace_id: int, old: WorkspaceStatus, new: WorkspaceStatus) -> bool:
    return bool(Workspace.objects.filter(pk=workspace_id, status=old).update(status=new))
