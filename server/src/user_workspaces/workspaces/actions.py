"""Creates, changes, measures and deletes workspaces: rows here, files through the storage with the owner's rights."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.db import leases
from user_workspaces.errors import InvalidRequest, NotFound, UserWorkspacesError
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.quotas import disk
from user_workspaces.quotas.queries import is_disk_limited, targets_of_expired_writes
from user_workspaces.quotas.reservation import EXPIRES_AFTER, Reservation
from user_workspaces.quotas.values import BLOCK_BYTES, on_disk
from user_workspaces.workspaces.details import Details, merged
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import Home, check_accepted, has_home, home_of, is_usable

CREATION_IS_DEAD_AFTER = timedelta(minutes=30)
LISTED_NAMES = 10_000
LISTED_AS = {EntryKind.FILE: "files", EntryKind.LINK: "symlinks"}
LONGEST_NAME = 255
LONGEST_DESCRIPTION = 10_000


def create_workspace(
    *,
    owner: User,
    name: str,
    description: str,
    default_job_type: str,
    details: Details,
    now: datetime,
    holds_runs: bool = False,
) -> Workspace:
    """Create a workspace with its files and links, or nothing at all.

    If this process dies meanwhile, the controller finds the row, still `initializing`, and removes everything.
    """
    _check_texts(name=name, description=description)
    _check_job_type(default_job_type)
    size = BLOCK_BYTES + details.size_on_disk
    with transaction.atomic():
        workspace = Workspace.objects.create(
            owner=owner,
            name=name,
            description=description,
            default_job_type=default_job_type,
            storage=registry.site().main_storage,
            requested=details.without_contents(),
            current={"files": [], "symlinks": []},
            datetime_created=now,
            datetime_last_modified=now,
            next_check_at=now + CREATION_IS_DEAD_AFTER,
            holds_runs=holds_runs,
        )
        reservation = disk.reserve(owner_id=owner.pk, target=workspace.pk, size=size, now=now)
    _fill(workspace, details)
    made = Workspace.objects.filter(pk=workspace.pk, status=WorkspaceStatus.INITIALIZING)
    with transaction.atomic():
        if not made.update(status=WorkspaceStatus.IDLE, changes=1, next_check_at=now):
            raise NotFound(f"Workspace {workspace.pk} was deleted while it was being created.")
        commit_reservation(workspace.pk, reservation, size=size, now=now)
    workspace.status, workspace.changes, workspace.next_check_at = WorkspaceStatus.IDLE, 1, now
    return workspace


def _fill(workspace: Workspace, details: Details) -> None:
    try:
        home = home_of(workspace)
        home.storage.create(home.location)
        _put(home, details)
    except BaseException:
        with suppress(UserWorkspacesError):  # the controller tries again; the first error is the one to report
            remove_failed_creation(workspace)
        raise


def remove_failed_creation(workspace: Workspace) -> None:
    """Remove what a failed creation left: the files, then the row.

    The status is changed before that, so that a creation that was only slow notices it and fails.
    """
    unfinished = Workspace.objects.filter(pk=workspace.pk, status=WorkspaceStatus.INITIALIZING)
    # Long due: if this process dies before the end, the controller continues at once.
    if unfinished.update(status=WorkspaceStatus.DELETING, next_check_at=F("datetime_created")):
        finish_deletion(workspace)


def update_workspace(
    *,
    workspace: Workspace,
    now: datetime,
    name: str | None = None,
    description: str | None = None,
    default_job_type: str | None = None,
    details: Details | None = None,
) -> None:
    """Change the given fields; files and links are added or replaced, never removed."""
    _check_texts(name=name, description=description)
    _check_job_type(default_job_type or "")
    _check_usable(workspace)
    fields = {"name": name, "description": description, "default_job_type": default_job_type}
    changed: dict[str, object] = {field: value for field, value in fields.items() if value is not None}
    if details is None:
        Workspace.objects.filter(pk=workspace.pk).update(**changed, datetime_last_modified=now)
        return
    size = details.size_on_disk
    reservation = disk.reserve(owner_id=workspace.owner_id, target=workspace.pk, size=size, now=now)
    try:
        _put(home_of(workspace), details)
    finally:  # some of it may be written even if one of the links failed
        commit_write(workspace, reservation, size=size, now=now)
    with transaction.atomic():
        current = lock_workspace(owner=workspace.owner, workspace_id=workspace.pk)
        current.requested = merged(current.requested, details.without_contents())
        Workspace.objects.filter(pk=workspace.pk).update(
            **changed, requested=current.requested, datetime_last_modified=now
        )


def upload_file(
    *,
    workspace: Workspace,
    path: str,
    chunks: Iterable[bytes],
    now: datetime,
    size: int | None = None,
    expecting: str | None = None,
) -> int:
    """Write one file, whole or not at all; return its size in bytes. See `Storage.write` for `expecting`.

    Give `size` where it is known: then its disk quota is reserved at once, and otherwise step by step while it
    arrives. Raises `QuotaExceeded`.
    """
    _check_usable(workspace)
    home = home_of(workspace)
    prepare_write(workspace_id=workspace.pk, now=now)
    reservation = disk.reserve_file(owner_id=workspace.owner_id, target=workspace.pk, path=path, size=size, now=now)
    try:
        written = home.storage.write(home.location, path, reservation.limit(chunks), expecting=expecting)
    except BaseException:
        # The file does not exist; the directories above it may.
        commit_write(workspace, reservation, size=on_disk(0, path), now=now)
        raise
    commit_write(workspace, reservation, size=on_disk(written, path), now=now)
    return written


def commit_write(workspace: Workspace, reservation: Reservation, *, size: int, now: datetime) -> None:
    """Count a change of the files, and its bytes on disk until they are measured, in one transaction."""
    with transaction.atomic():
        files_changed(workspace_id=workspace.pk, now=now)
        commit_reservation(workspace.pk, reservation, size=size, now=now)


def commit_reservation(workspace_id: int, reservation: Reservation, *, size: int, now: datetime) -> None:
    """Commit a reservation as the latest change of its workspace, in the transaction that counts the change."""
    if reservation.number is not None:
        # The lock on the row makes a deletion at this moment come first, or free what is committed here.
        row = Workspace.objects.select_for_update().filter(pk=workspace_id)
        reservation.commit(size=size, change=row.values_list("changes", flat=True).first(), now=now)


def files_changed(*, workspace_id: int, now: datetime) -> None:
    """Count a change of the files, and let the controller measure the workspace again."""
    usable = [WorkspaceStatus.IDLE, WorkspaceStatus.ACTIVE]
    Workspace.objects.filter(pk=workspace_id, status__in=usable).update(
        changes=F("changes") + 1, datetime_last_modified=now, next_check_at=now
    )


def prepare_write(*, workspace_id: int, now: datetime) -> None:
    """Let the controller check later, in case this process dies before it commits what it writes.

    It counts as a change, so that a measurement in progress does not clear the due time as if it were the last one.
    """
    usable = Workspace.objects.filter(pk=workspace_id, status__in=[WorkspaceStatus.IDLE, WorkspaceStatus.ACTIVE])
    later = now + EXPIRES_AFTER
    is_due = Q(next_check_at__lt=later)
    due = Case(When(is_due, then=F("next_check_at")), default=Value(later, DateTimeField()))
    usable.update(changes=F("changes") + 1, next_check_at=due)


def claim(workspace: Workspace, *, now: datetime) -> bool:
    """Take the lease on a due workspace; False: another controller was first."""
    return leases.claim(Workspace.objects.filter(status=workspace.status), workspace, until=now + leases.lease_length())


def measure(workspace: Workspace) -> None:
    """Record the content of the workspace: names without dot files, and the bytes on disk."""
    home = home_of(workspace)
    names: dict[str, list[dict[str, str]]] = {"files": [], "symlinks": []}
    for entry in home.storage.tree(home.location):
        kind = LISTED_AS.get(entry.kind)
        if kind is None or any(part.startswith(".") for part in entry.path.split("/")):
            continue
        if len(names[kind]) < LISTED_NAMES:
            names[kind].append({"name": f"/{entry.path}"})
    disk_space = home.storage.disk_usage(home.location)
    # A slow measurement must not replace a newer one.
    older = Workspace.objects.filter(pk=workspace.pk, measured__lte=workspace.changes)
    with transaction.atomic():
        if older.update(current=names, disk_space=disk_space, measured=workspace.changes):
            owner, change, now = workspace.owner_id, workspace.changes, timezone.now()
            disk.reconcile(owner_id=owner, target=workspace.pk, change=change, now=now)
    # A workspace that changed during the measurement stays due.
    Workspace.objects.filter(pk=workspace.pk, changes=workspace.changes).exclude(
        status=WorkspaceStatus.DELETING
    ).update(next_check_at=None)


def measure_running(*, now: datetime) -> int:
    """Where disk is limited, make workspaces in use due: their sessions write without a reservation."""
    if not is_disk_limited():
        return 0
    in_use = Workspace.objects.filter(status=WorkspaceStatus.ACTIVE, next_check_at__isnull=True)
    return in_use.update(next_check_at=now)


def measure_abandoned(*, now: datetime) -> int:
    """Make workspaces due whose writer died with a reservation: it may have written before that."""
    targets = targets_of_expired_writes(now=now)
    for target in targets:
        files_changed(workspace_id=target, now=now)
        if not Workspace.objects.filter(pk=target).exists():
            disk.release(target=target)
    return len(targets)


def note_job_launched(*, workspace_id: int, now: datetime) -> None:
    """Record that a job was launched in a workspace."""
    Workspace.objects.filter(pk=workspace_id).update(status=WorkspaceStatus.ACTIVE, datetime_last_job_launch=now)


def note_jobs_ended(*, workspace_id: int, now: datetime) -> None:
    """Record that the last job of a workspace ended, and let it be measured."""
    Workspace.objects.filter(pk=workspace_id, status=WorkspaceStatus.ACTIVE).update(status=WorkspaceStatus.IDLE)
    files_changed(workspace_id=workspace_id, now=now)


def lock_workspace(*, owner: User, workspace_id: int) -> Workspace:
    """Return the workspace, locked until the transaction ends; errors as `find_workspace`."""
    found = Workspace.objects.select_for_update(of=("self",)).filter(owner=owner, pk=workspace_id).first()
    if found is None:
        raise NotFound(f"Workspace {workspace_id} not found for user.")
    check_accepted(found)
    return found


def queue_deletion(*, workspace_id: int, now: datetime) -> None:
    """Queue the deletion for the controller, which removes the files and then the row."""
    with transaction.atomic():
        Workspace.objects.filter(pk=workspace_id).update(status=WorkspaceStatus.DELETING, next_check_at=now)


def finish_deletion(workspace: Workspace) -> None:
    """Remove the files, then the row that locates them; safe to repeat after any failure."""
    if has_home(workspace):
        home = home_of(workspace)
        home.storage.delete(home.location)
    with transaction.atomic():
        if Workspace.objects.filter(pk=workspace.pk, status=WorkspaceStatus.DELETING).delete()[0]:
            disk.release(target=workspace.pk)


def reschedule(*, workspace_id: int, at: datetime) -> None:
    """Set the time at which the controller checks a workspace next."""
    Workspace.objects.filter(pk=workspace_id).update(next_check_at=at)


def _put(home: Home, details: Details) -> None:
    for file in details.files:
        home.storage.write(home.location, file.name, [file.content])
    for link in details.links:
        home.storage.link(home.location, link.name, link.target)


def _check_usable(workspace: Workspace) -> None:
    if not is_usable(workspace):
        raise InvalidRequest(f"Workspace {workspace.pk} is {workspace.status}: it cannot be changed now.")


def _check_job_type(name: str) -> None:
    if name and name not in registry.site().job_types:
        raise InvalidRequest(f"{name} is not in the list of available job types.")


def _check_texts(*, name: str | None, description: str | None) -> None:
    for label, text, longest in (("name", name, LONGEST_NAME), ("description", description, LONGEST_DESCRIPTION)):
        if text is not None and (len(text) > longest or "\0" in text):
            raise InvalidRequest(f"The {label} has more than {longest} characters or contains a NUL character.")
