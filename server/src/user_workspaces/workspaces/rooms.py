"""Space that is held for one thing while it is being written."""

import time
from collections.abc import Callable, Iterable, Iterator

from django.utils import timezone

from user_workspaces.errors import InvalidRequest
from user_workspaces.quotas import actions as quotas
from user_workspaces.workspaces.models import Workspace

RENEW_SECONDS = 60.0
GONE = "Nothing arrived for too long: the room for it is not held any more. Send it again."


class SpaceReservation:
    """Space in one workspace; without a reservation there is no limit, and all may come.

    `most`: so many bytes may come. When there are more, `grow` (given that figure and what has come) finds room and
    says how many then may come, or None when nothing is held any more; without it they are refused.
    """

    def __init__(
        self,
        *,
        owner_id: int,
        workspace_id: int,
        most: int | None,
        reservation: int | None,
        grow: Callable[[int, int], int | None] | None = None,
    ) -> None:
        self._owner_id, self._workspace_id = owner_id, workspace_id
        self._most, self._reservation, self._grow = most, reservation, grow
        self.arrived = 0
        """Bytes that were handed on."""

    def bounded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand the content on, and keep the room however long that takes.

        Raises `InvalidRequest` when more comes than was said, and when nothing came for so long that the
        room is gone; `QuotaExceeded` where there is no room for more.
        """
        renewed = time.monotonic()
        for chunk in chunks:
            if self._most is not None and self.arrived + len(chunk) > self._most:
                self._most = self._grown(self._most, self.arrived + len(chunk))
            if time.monotonic() - renewed > RENEW_SECONDS:
                self._keep()
                renewed = time.monotonic()
            self.arrived += len(chunk)
            yield chunk

    def _grown(self, most: int, arrived: int) -> int:
        if self._grow is None:
            raise InvalidRequest("More arrived than was announced.")
        grown = self._grow(most, arrived)
        if grown is None:
            raise InvalidRequest(GONE)
        return grown

    def _keep(self) -> None:
        if self._reservation is not None and not quotas.keep_disk(reservation=self._reservation, now=timezone.now()):
            raise InvalidRequest(GONE)

    def settle(self, *, size: int) -> None:
        """Say what it takes on disk, in the transaction that counts it as a change of the workspace."""
        if self._reservation is None:
            return
        # Held, so that a deletion at this moment comes before us or forgets what we write.
        found = Workspace.objects.select_for_update().filter(pk=self._workspace_id)
        change = found.values_list("changes", flat=True).first()
        if change is None or size == 0:
            self.give_back()
        elif not quotas.settle_disk(reservation=self._reservation, size=size, settled_as=change):
            self._count(size, change)

    def _count(self, size: int, change: int) -> None:
        """What is there counts, also when it took so long that its room was given to others."""
        owner, now = self._owner_id, timezone.now()
        quotas.count_disk(owner_id=owner, target=self._workspace_id, size=size, settled_as=change, now=now)

    def give_back(self) -> None:
        """Say that nothing is there."""
        if self._reservation is not None:
            quotas.release_disk(reservation=self._reservation)
