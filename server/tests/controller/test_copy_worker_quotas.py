"""Copies of shared workspaces close to the receiver's disk quota, which is reserved before and during the copy."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from controller.conftest import UseStorage
from controller.copying_scenarios import COPIED, FILES, StorageThatCopiesWhenAllowed
from support.fake_copies import make_copies, now_of, offer, state_of
from user_workspaces.accounts.models import User
from user_workspaces.controller import copy_worker
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.db.leases import lease_length
from user_workspaces.errors import QuotaExceeded, StorageError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import disk_space_of, held_disk, over_disk_since
from user_workspaces.quotas.reservation import ReservationLost
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.sharing import leases
from user_workspaces.sharing.actions import accept, retry, withdraw
from user_workspaces.sharing.models import Share
from user_workspaces.testing.fake_storage import InMemoryStorage
from user_workspaces.workspaces.actions import create_workspace
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.share_copies import reserve_copy

pytestmark = pytest.mark.django_db(transaction=True)
Blocks = Callable[[int], None]


class StorageThatCannotRemove(InMemoryStorage):
    """A storage whose copies fail, leaving files that cannot be removed until `is_well` is set."""

    is_well = False

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        super().copy(source, target, progress=progress)
        if not self.is_well:
            raise StorageError("The disk went away.")

    def delete(self, location: WorkspaceLocation) -> None:
        if self._workspaces.get(location.directory) and not self.is_well:
            raise StorageError("The disk went away.")
        super().delete(location)


@pytest.fixture
def slow(use_storage: UseStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageThatCopiesWhenAllowed]:
    """A storage whose copies end when the test allows it."""
    monkeypatch.setattr(copy_worker, "BEAT_SECONDS", 0.01)
    storage = use_storage(StorageThatCopiesWhenAllowed)
    assert isinstance(storage, StorageThatCopiesWhenAllowed)
    yield storage
    storage.allowed.set()


def held(user: User) -> int:
    return held_disk(user.pk, now=timezone.now()) // BLOCK_BYTES


def accepted(original: Workspace, receiver: User) -> Share:
    """Offer a workspace and accept the offer before the copy is made: from then on the copy counts."""
    share = offer(original, receiver)
    accept(user=receiver, share_id=share.pk, now=timezone.now())
    return share


def started(share: Share, slow: StorageThatCopiesWhenAllowed) -> CopyPool:
    """Start the copy of a share."""
    copies = CopyPool()
    assert copies.process_due(now=timezone.now()) == 1
    assert slow.started.wait(60)
    assert state_of(share) == "copying"
    return copies


def test_a_copy_that_fits_counts_with_its_measured_size(
    ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = accepted(ours(), grace)
    blocks(COPIED + 1)
    make_copies()
    assert (state_of(share), held(grace)) == ("ready", 0)
    assert 0 < disk_space_of(grace.pk) == now_of(share).copy.disk_space <= COPIED * BLOCK_BYTES
    assert over_disk_since(grace.pk) is None
    assert not DiskReservation.objects.filter(user=grace).exists()


def test_a_copy_that_does_not_fit_fails_and_can_be_retried(
    ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = accepted(ours(), grace)
    blocks(COPIED - 2)
    make_copies()
    found = now_of(share)
    assert (found.state, found.copy.status, found.copy.disk_space, held(grace)) == ("failed", "error", 0, 0)
    assert found.message.startswith("The copy needs 20 KiB, which does not fit in the disk quota of grace.") or (
        found.message.startswith("The copy needs 16 KiB")  # where a directory takes no block
    )
    blocks(COPIED)
    retry(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    assert state_of(share) == "ready"


def test_a_copy_that_does_not_fit_can_be_declined(ours: Callable[[], Workspace], grace: User, blocks: Blocks) -> None:
    share = offer(ours(), grace)
    blocks(COPIED - 2)
    make_copies()
    withdraw(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    process_due_workspaces(now=timezone.now())
    assert not Share.objects.exists()
    assert not DiskReservation.objects.filter(user=grace).exists()


def test_copy_holds_a_reservation_while_it_is_written(
    slow: StorageThatCopiesWhenAllowed, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = accepted(ours(), grace)
    blocks(6)
    copies = started(share, slow)
    own = {"owner": grace, "name": "w", "description": "", "default_job_type": ""}
    before = held(grace)
    assert 3 <= before <= COPIED
    with pytest.raises(QuotaExceeded):
        create_workspace(**own, details=FILES, now=timezone.now())  # type: ignore[arg-type]  # names and texts
    slow.allowed.set()
    assert copies.wait(60)
    assert (state_of(share), held(grace)) == ("ready", 0)


@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_withdrawn_copy_releases_its_reservation(
    slow: StorageThatCopiesWhenAllowed, ours: Callable[[], Workspace], grace: User, blocks: Blocks, who: str
) -> None:
    share = offer(ours(), grace)
    blocks(6)
    copies = started(share, slow)
    withdraw(user=getattr(share, who), share_id=share.pk, now=timezone.now())
    assert copies.wait(60)
    make_copies()
    process_due_workspaces(now=timezone.now())
    assert not Share.objects.exists()
    assert not DiskReservation.objects.filter(user=grace).exists()


def test_restarted_copy_has_one_reservation(
    slow: StorageThatCopiesWhenAllowed, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = accepted(ours(), grace)
    blocks(6)
    started(share, slow).stop()
    before = held(grace)
    assert (state_of(share), before > 0) == ("waiting", True)  # a partial copy exists
    slow.started.clear()
    copies = started(share, slow)
    assert (held(grace), DiskReservation.objects.filter(user=grace).count()) == (before, 1)
    slow.allowed.set()
    assert copies.wait(60)
    assert (state_of(share), held(grace)) == ("ready", 0)


def test_a_controller_that_lost_the_lease_neither_reserves_nor_releases(
    slow: StorageThatCopiesWhenAllowed, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = accepted(ours(), grace)
    blocks(6)
    lost = Share.objects.select_related("copy__owner").get(pk=share.pk)
    assert leases.claim(lost, now=timezone.now())
    old = leases.reserve_disk(lost, size=BLOCK_BYTES, now=timezone.now())
    assert old is not None
    later = timezone.now() + lease_length() + timedelta(seconds=1)
    new = Share.objects.select_related("copy__owner").get(pk=share.pk)
    assert leases.claim(new, now=later)
    assert leases.reserve_disk(new, size=3 * BLOCK_BYTES, now=later) is not None
    assert held(grace) == 3
    assert leases.reserve_disk(lost, size=BLOCK_BYTES, now=later) is None
    with pytest.raises(ReservationLost):
        old.resize(2 * BLOCK_BYTES, now=later)
    filled = Workspace.objects.get(pk=share.pk)
    assert not leases.complete(lost, filled=filled, held=BLOCK_BYTES, now=later)
    leases.fail(lost, message="late", is_cleared=True)
    assert (state_of(share), held(grace)) == ("copying", 3)


def test_growing_original_extends_the_reservation_or_fails(
    use_storage: UseStorage, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    class OriginalThatGrows(InMemoryStorage):
        def copy(
            self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]
        ) -> None:
            self.write(source, "more", [b"x" * 4 * BLOCK_BYTES])
            super().copy(source, target, progress=progress)

    use_storage(OriginalThatGrows)
    original = ours()
    failing = accepted(original, grace)
    blocks(6)
    make_copies()
    assert (now_of(failing).state, held(grace)) == ("failed", 0)
    blocks(COPIED + 4)
    retry(user=grace, share_id=failing.pk, now=timezone.now())
    make_copies()
    assert (state_of(failing), held(grace)) == ("ready", 0)


def test_a_copy_measured_as_too_large_at_the_end_fails(
    use_storage: UseStorage, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    class DiskThatTakesMore(InMemoryStorage):
        def disk_usage(self, location: WorkspaceLocation) -> int:
            return 10 * super().disk_usage(location)

    storage = use_storage(DiskThatTakesMore)
    share = accepted(ours(), grace)
    blocks(8)
    make_copies()
    found = now_of(share)
    assert (found.state, found.copy.disk_space, held(grace)) == ("failed", 0, 0)
    assert list(storage._workspaces) == [f"ada/{share.offer.original_id}"]


def test_a_partial_copy_that_cannot_be_removed_still_counts(
    use_storage: UseStorage, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    storage = use_storage(StorageThatCannotRemove)
    assert isinstance(storage, StorageThatCannotRemove)
    share = accepted(ours(), grace)
    blocks(6)
    make_copies()
    assert (state_of(share), held(grace) > 0) == ("failed", True)
    storage.is_well = True
    retry(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    assert (state_of(share), held(grace)) == ("ready", 0)


def test_concurrent_copies_for_one_user_never_exceed_the_quota(
    slow: StorageThatCopiesWhenAllowed, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    slow.allowed.set()
    shares = [accepted(ours(), grace) for _ in range(6)]
    blocks(COPIED * 3)
    first, second = CopyPool(), CopyPool()
    while first.process_due(now=timezone.now()) + second.process_due(now=timezone.now()):
        assert first.wait(60)
        assert second.wait(60)
    states = sorted(state_of(share) for share in shares)
    assert set(states) == {"failed", "ready"}
    assert held(grace) == 0
    assert disk_space_of(grace.pk) <= COPIED * 3 * BLOCK_BYTES


def test_reservation_of_a_copy_does_not_expire(ours: Callable[[], Workspace], grace: User, blocks: Blocks) -> None:
    share = accepted(ours(), grace)
    blocks(6)
    with transaction.atomic():
        reserve_copy(now_of(share).copy, size=BLOCK_BYTES, now=timezone.now())
    assert held_disk(grace.pk, now=timezone.now() + timedelta(days=365)) == BLOCK_BYTES
    with transaction.atomic():
        reserve_copy(now_of(share).copy, size=2 * BLOCK_BYTES, now=timezone.now())
    assert held(grace) == 2
