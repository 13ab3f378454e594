"""Disk space of the receiver for a copy: it counts from their acceptance on, and nothing of it before.

Of a copy that is accepted while it is made it is held until it is measured, removed or made anew.
"""

from datetime import datetime

from django.db import transaction

from user_workspaces.interfaces.values import EntryKind
from user_workspaces.quotas import actions as quotas
from user_workspaces.quotas.messages import copy_exceeded
from user_workspaces.quotas.queries import allowance_of, rules
from user_workspaces.quotas.values import BLOCK_BYTES, on_disk
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import home_of
from user_workspaces.workspaces.space import disk_use_of


class ReservationLost(Exception):
    """The room is not held any more: somebody else makes this copy by now."""


class CopyReservation:
    """Space for one attempt at one copy; without a reservation there is no limit.

    It does not expire: what was copied is there as long as nobody goes on with the copy or removes it.
    """

    def __init__(self, copy: Workspace, *, size: int, reservation: int | None) -> None:
        self._copy, self._reservation = copy, reservation
        self.size = size

    def hold_at_least(self, size: int, *, now: datetime) -> None:
        """Hold more where it became more than expected; raises `QuotaExceeded`, `RoomLost`."""
        if self._reservation is None or size <= self.size:
            return
        with transaction.atomic():
            quotas.hold_account(self._copy.owner_id)
            _check(self._copy, size - self.size, wanted=size, now=now)
            if not quotas.resize_disk(reservation=self._reservation, size=size):
                raise ReservationLost
        self.size = size


def hold_copy(copy: Workspace, *, size: int, now: datetime) -> CopyReservation:
    """Hold so many bytes instead of all that earlier attempts held; raises `QuotaExceeded`.

    For whoever alone may make the copy now, in a transaction that makes sure of it.
    """
    Workspace.objects.filter(pk=copy.pk).update(disk_space=0)
    quotas.hold_account(copy.owner_id)
    quotas.release_workspace(target=copy.pk)
    if not is_limited(copy):
        return CopyReservation(copy, size=size, reservation=None)
    _check(copy, size, wanted=size, now=now)
    number = quotas.count_disk(
        owner_id=copy.owner_id, target=copy.pk, size=size, settled_as=quotas.UNTIL_FORGOTTEN, now=now
    )
    return CopyReservation(copy, size=size, reservation=number)


def settle_copy(measured: Workspace, *, held: int, now: datetime) -> None:
    """From now on what was measured counts, and nothing is held; raises `QuotaExceeded` where that is too much.

    In the transaction that says that the copy is there.
    """
    quotas.hold_account(measured.owner_id)
    quotas.release_workspace(target=measured.pk)
    if measured.awaits_acceptance:
        return
    if measured.disk_space > held:
        _check(measured, 0, wanted=measured.disk_space, now=now)
    limit = allowance_of(measured.owner_id).disk_bytes
    usage = disk_use_of(measured.owner_id, limit=limit, now=now)
    # When it was measured it counted twice.
    quotas.record_disk_use(owner_id=measured.owner_id, usage=usage, now=now)


def check_acceptance(copy: Workspace, *, now: datetime) -> None:
    """Raise `QuotaExceeded`, with both sizes, where its receiver has no room for a copy, as it was measured.

    In the transaction that makes it theirs. One that is not made yet is looked at while it is made.
    """
    limit = allowance_of(copy.owner_id).disk_bytes
    if limit is not None and copy.disk_space:
        quotas.hold_account(copy.owner_id)
        quotas.check_disk(disk_use_of(copy.owner_id, limit=limit, now=now), copy.disk_space)


def forget_copy(workspace_id: int) -> None:
    """Say that nothing of it is there."""
    quotas.release_workspace(target=workspace_id)
    Workspace.objects.filter(pk=workspace_id).update(disk_space=0)


def grow_copy(*, workspace_id: int, old: int, new: int) -> bool:
    """Record the new size of an unfinished copy that is not accepted yet.

    False: it has been accepted, or another process is making it now.
    """
    unaccepted = Workspace.objects.filter(pk=workspace_id, status=WorkspaceStatus.INITIALIZING, awaits_acceptance=True)
    return bool(unaccepted.filter(disk_space=old).update(disk_space=new))


def is_limited(copy: Workspace) -> bool:
    """Return whether it counts for its owner by now, and their disk space is limited."""
    return not copy.awaits_acceptance and allowance_of(copy.owner_id).disk_bytes is not None


def size_to_copy(original: Workspace) -> int:
    """Return the bytes that a copy takes, as far as one can tell beforehand: dot files stay with their owner.

    What was measured is less where files have holes, and more where there are dot files.
    """
    home = home_of(original)
    size = BLOCK_BYTES
    for entry in home.storage.tree(home.location):
        if not any(name.startswith(".") for name in entry.path.split("/")):
            size += on_disk(entry.size) if entry.kind is EntryKind.FILE else BLOCK_BYTES
    is_measured = original.measured == original.changes and original.disk_space
    return min(size, original.disk_space) if is_measured else size


def _check(copy: Workspace, more: int, *, wanted: int, now: datetime) -> None:
    limit = allowance_of(copy.owner_id).disk_bytes
    if not disk_use_of(copy.owner_id, limit=limit, now=now).fits(more):
        raise copy_exceeded(wanted, owner=copy.owner.username, contact=rules().contact)
