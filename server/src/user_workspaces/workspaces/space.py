"""The disk space of a person: what their workspaces take, and what is held for what is being written."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from user_workspaces.errors import InvalidRequest
from user_workspaces.quotas import actions as quotas
from user_workspaces.quotas.actions import WRITING_IS_DEAD_AFTER
from user_workspaces.quotas.queries import allowance_of, held_disk
from user_workspaces.quotas.values import BLOCK, Standing, on_disk
from user_workspaces.workspaces.details import Details
from user_workspaces.workspaces.models import Workspace

logger = logging.getLogger(__name__)


STEP = 64 * 1024**2
"""So much more is held at a time of what nobody knows the size of: the rest stays for others who write."""
SAY_SO_EVERY = WRITING_IS_DEAD_AFTER.total_seconds() / 10


class Room:
    """Space that is held for one thing that is being written; without a limit nothing is held, and all may come.

    `size`: so many bytes may come, or more where `grow` finds room for that and says for how many.
    """

    def __init__(
        self, *, size: int | None, reservation: int | None, grow: Callable[[int, int], int] | None = None
    ) -> None:
        self._most, self._reservation, self._grow = size, reservation, grow
        self._said_at = time.monotonic()

    def bounded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand the content on; raises `InvalidRequest` or `QuotaExceeded` when more comes than may."""
        arrived = 0
        for chunk in chunks:
            arrived += len(chunk)
            if self._most is not None and arrived > self._most:
                self._most = self._grown(arrived)
            self._say_so()
            yield chunk

    def _grown(self, arrived: int) -> int:
        if self._grow is None or self._most is None:
            raise InvalidRequest("More arrived than was announced; nothing was kept.")
        return self._grow(self._most, arrived)

    def _say_so(self) -> None:
        """Tell now and then that the writer lives."""
        if self._reservation is not None and time.monotonic() - self._said_at > SAY_SO_EVERY:
            quotas.keep_disk(reservation=self._reservation, now=timezone.now())
            self._said_at = time.monotonic()

    def settle(self, *, size: int, workspace_id: int) -> None:
        """Say what it takes on disk, in the transaction that counts it as a change of the workspace."""
        if self._reservation is None:
            return
        change = Workspace.objects.filter(pk=workspace_id).values_list("changes", flat=True).first()
        if change is None:  # deleted in this moment, with all that was in it
            self.give_back()
        else:
            quotas.settle_disk(reservation=self._reservation, size=size, settled_as=change)

    def give_back(self) -> None:
        """Say that nothing is there."""
        if self._reservation is not None:
            quotas.release_disk(reservation=self._reservation)


def disk_standing(owner_id: int, *, limit: int | None, now: datetime) -> Standing[int]:
    """Return how a person's disk space stands; to rely on it, hold their account first."""
    return Standing(limit=limit, used=disk_space_of(owner_id), reserved=held_disk(owner_id, now=now))


def disk_space_of(owner_id: int) -> int:
    """Return the bytes of all workspaces of a person, as they were measured last."""
    total: int | None = Workspace.objects.filter(owner_id=owner_id).aggregate(total=Sum("disk_space"))["total"]
    return total or 0


def check_room(*, owner_id: int, size: int, now: datetime) -> None:
    """Raise `QuotaExceeded` where so many bytes (as `on_disk` counts) do not fit now; nothing is held."""
    limit = allowance_of(owner_id).disk_bytes
    if limit is not None:
        quotas.check_disk(disk_standing(owner_id, limit=limit, now=now), size)


def hold_room(*, owner_id: int, workspace_id: int, size: int, now: datetime) -> Room:
    """Hold so many bytes for what is about to be put into a workspace; see `reserve`."""
    return Room(size=size, reservation=reserve(owner_id=owner_id, workspace_id=workspace_id, size=size, now=now))


def reserve(*, owner_id: int, workspace_id: int, size: int, now: datetime) -> int | None:
    """Hold so many bytes of a person's; return the reservation's number, None where there is no limit.

    Raises `QuotaExceeded`. Two at once wait for each other, so that never more is held than there is.
    """
    limit = allowance_of(owner_id).disk_bytes
    if limit is None:
        return None
    with transaction.atomic():
        quotas.hold_account(owner_id)
        standing = disk_standing(owner_id, limit=limit, now=now)
        return quotas.reserve_disk(owner_id=owner_id, place=workspace_id, size=size, standing=standing, now=now)


def room_for_file(workspace: Workspace, *, path: str, size: int | None, now: datetime) -> Room:
    """Hold space for one file that is about to be written.

    Without `size` (in bytes) it is held step by step while the file arrives, as long as there is some.
    """
    owner_id = workspace.owner_id
    most = _first_step(owner_id, path, now=now) if size is None else size
    if most is None:
        return Room(size=None, reservation=None)
    held = reserve(owner_id=owner_id, workspace_id=workspace.pk, size=on_disk(most, path), now=now)
    if size is not None or held is None:
        return Room(size=size, reservation=held)
    return Room(size=most, reservation=held, grow=partial(_next_step, owner_id, held, path))


def _first_step(owner_id: int, path: str, *, now: datetime) -> int | None:
    limit = allowance_of(owner_id).disk_bytes
    if limit is None:
        return None
    left = disk_standing(owner_id, limit=limit, now=now).left or 0
    return max(1, min(STEP, (left - on_disk(0, path)) // BLOCK * BLOCK))


def _next_step(owner_id: int, reservation: int, path: str, most: int, arrived: int) -> int:
    """Hold more; return how many bytes may come in all. Raises `QuotaExceeded`."""
    held, needed, now = on_disk(most, path), on_disk(arrived, path), timezone.now()
    with transaction.atomic():
        quotas.hold_account(owner_id)
        standing = disk_standing(owner_id, limit=allowance_of(owner_id).disk_bytes, now=now)
        quotas.check_disk(standing, needed - held)
        step = STEP if standing.left is None else min(STEP, standing.left // BLOCK * BLOCK)
        size = max(held + step, needed)
        quotas.keep_disk(reservation=reservation, now=now, size=size)
    return size - on_disk(0, path)


def size_of(details: Details) -> int:
    """Return the bytes that these files will take on disk."""
    return sum(on_disk(len(file.content), file.name) for file in details.files)


def settle_measurement(workspace: Workspace, *, now: datetime) -> None:
    """After a measurement, in its transaction: what it saw is no longer held, and too much of it is noted."""
    limit = allowance_of(workspace.owner_id).disk_bytes
    quotas.hold_account(workspace.owner_id)
    quotas.forget_measured(place=workspace.pk, change=workspace.changes, now=now)
    standing = disk_standing(workspace.owner_id, limit=limit, now=now)
    if quotas.mark_disk_use(owner_id=workspace.owner_id, standing=standing, now=now):
        logger.warning("person %s uses more disk than they may: uploads and launches wait", workspace.owner_id)
