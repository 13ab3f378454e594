"""A copy counts against the quota of its receiver once they accept it, and is limited by the sender's before."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from controller.conftest import UseStorage
from controller.copying_scenarios import COPIED, StorageThatCopiesWhenAllowed
from support.fake_copies import make_copies, now_of, offer, state_of
from user_workspaces.accounts.models import User
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.db.leases import lease_length
from user_workspaces.errors import QuotaExceeded
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.quotas.accounts import lock_account
from user_workspaces.quotas.models import Quota
from user_workspaces.quotas.queries import disk_space_of, held_disk
from user_workspaces.quotas.reservation import ReservationLost
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.sharing import leases
from user_workspaces.sharing.actions import accept, retry
from user_workspaces.sharing.models import Share
from user_workspaces.sharing.open_copies import OpenCopyReservation
from user_workspaces.sharing.queries import open_copies_size
from user_workspaces.testing.fake_storage import InMemoryStorage
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Blocks = Callable[[int], None]


class OriginalThatGrows(InMemoryStorage):
    """A storage in which the original grows when its copy starts."""

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        self.write(source, "more", [b"x" * 4 * BLOCK_BYTES])
        super().copy(source, target, progress=progress)


class DiskThatTakesMore(InMemoryStorage):
    """A storage in which files use more disk space than their size."""

    def disk_usage(self, location: WorkspaceLocation) -> int:
        return 10 * super().disk_usage(location)


@pytest.fixture
def receivers(make_user: Callable[[str], User]) -> list[User]:
    """Three users to share with."""
    return [make_user(name) for name in ("grace", "mallory", "zoe")]


def started(share: Share, *, now: datetime, size: int) -> OpenCopyReservation:
    """Claim an open copy and reserve disk space for it."""
    mine = Share.objects.select_related("copy__owner").get(pk=share.pk)
    assert leases.claim(mine, now=now)
    reservation = leases.reserve_disk(mine, size=size, now=now)
    assert isinstance(reservation, OpenCopyReservation)
    return reservation


def test_a_copy_counts_from_acceptance_on(ours: Callable[[], Workspace], grace: User, blocks: Blocks) -> None:
    share = offer(ours(), grace)
    blocks(COPIED)
    make_copies()
    assert (state_of(share), disk_space_of(grace.pk), held_disk(grace.pk, now=timezone.now())) == ("ready", 0, 0)
    accept(user=grace, share_id=share.pk, now=timezone.now())
    assert disk_space_of(grace.pk) == now_of(share).copy.disk_space > 0


def test_a_copy_is_accepted_while_it_is_measured(ours: Callable[[], Workspace], grace: User, blocks: Blocks) -> None:
    """A measurement locks the workspace, then the account; the reverse order would be a deadlock on PostgreSQL."""
    share = offer(ours(), grace)
    blocks(COPIED)
    make_copies()
    is_locked, errors = threading.Event(), list[BaseException]()

    def measure() -> None:
        try:
            with transaction.atomic():
                Workspace.objects.filter(pk=share.copy_id).update(current={})
                is_locked.set()
                time.sleep(0.5)  # by now, `accept` waits for the workspace
                lock_account(grace.pk)
        except BaseException as error:  # noqa: BLE001  reported by the assertion below
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=measure)
    thread.start()
    assert is_locked.wait(60)
    accept(user=grace, share_id=share.pk, now=timezone.now())
    thread.join(60)
    assert errors == []
    assert not now_of(share).copy.awaits_acceptance


def test_a_copy_over_the_quota_cannot_be_accepted_and_both_sizes_are_reported(
    ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = offer(ours(), grace)
    make_copies()
    blocks(COPIED - 2)
    with pytest.raises(QuotaExceeded, match=r"needs (20|16) KiB on disk, and 12 KiB of your 12 KiB are left"):
        accept(user=grace, share_id=share.pk, now=timezone.now())
    assert (state_of(share), now_of(share).is_accepted, disk_space_of(grace.pk)) == ("ready", False, 0)
    blocks(COPIED)
    accept(user=grace, share_id=share.pk, now=timezone.now())


def test_a_copy_accepted_while_it_is_made_counts_at_once(
    use_storage: UseStorage, ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    slow = use_storage(StorageThatCopiesWhenAllowed)
    assert isinstance(slow, StorageThatCopiesWhenAllowed)
    share, copies = offer(ours(), grace), CopyPool()
    blocks(COPIED)
    assert copies.process_due(now=timezone.now()) == 1
    assert slow.started.wait(60)
    accept(user=grace, share_id=share.pk, now=timezone.now())
    assert 0 < disk_space_of(grace.pk) <= COPIED * BLOCK_BYTES
    slow.allowed.set()
    assert copies.wait(60)
    assert (state_of(share), disk_space_of(grace.pk)) == ("ready", now_of(share).copy.disk_space)


def test_open_copies_are_limited_by_the_quota_of_their_sender(
    ours: Callable[[], Workspace], receivers: list[User], blocks: Blocks
) -> None:
    original = ours()
    blocks(original.disk_space // BLOCK_BYTES * 2)
    share = offer(original, *receivers[:2])
    with pytest.raises(QuotaExceeded, match="The copies in your open offers would take"):
        offer(original, receivers[2])
    assert offer(original, *receivers[:2]).pk == share.pk  # both have this offer already
    accept(user=receivers[0], share_id=share.pk, now=timezone.now())
    offer(original, receivers[2])


def test_the_size_of_a_finished_copy_does_not_follow_its_original(ours: Callable[[], Workspace], grace: User) -> None:
    original = ours()
    share = offer(original, grace)
    assert open_copies_size(original.owner_id) == original.disk_space
    make_copies()
    Workspace.objects.filter(pk=original.pk).update(disk_space=1000 * BLOCK_BYTES)
    assert 0 < open_copies_size(original.owner_id) == now_of(share).copy.disk_space <= COPIED * BLOCK_BYTES


def test_the_size_at_the_time_of_copying_is_limited(
    ours: Callable[[], Workspace], receivers: list[User], blocks: Blocks
) -> None:
    """The workspace was not measured yet when it was offered."""
    original = ours()
    Workspace.objects.filter(pk=original.pk).update(disk_space=0)
    blocks(2 * COPIED)
    offer(original, *receivers)
    make_copies()
    shares = list(Share.objects.order_by("state"))
    assert [share.state for share in shares] == ["failed", "ready", "ready"]
    assert shares[0].message.startswith("The copy needs 20 KiB, which does not fit in the disk quota of ada")
    accept(user=shares[1].receiver, share_id=shares[1].pk, now=timezone.now())
    retry(user=original.owner, share_id=shares[0].pk, now=timezone.now())
    make_copies()
    assert state_of(shares[0]) == "ready"


@pytest.mark.parametrize("kind", [OriginalThatGrows, DiskThatTakesMore])
def test_the_growth_of_a_copy_while_it_is_made_is_limited(
    use_storage: UseStorage, ours: Callable[[], Workspace], grace: User, blocks: Blocks, kind: type[InMemoryStorage]
) -> None:
    use_storage(kind)
    original = ours()
    Workspace.objects.filter(pk=original.pk).update(disk_space=0)
    share = offer(original, grace)
    blocks(COPIED + 1)
    make_copies()
    assert (state_of(share), now_of(share).copy.disk_space) == ("failed", 0)
    blocks(20 * COPIED)
    retry(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    assert state_of(share) == "ready"


def test_senders_without_a_limit_can_offer_any_amount(
    ours: Callable[[], Workspace], receivers: list[User], blocks: Blocks
) -> None:
    original = ours()
    Quota.objects.create(user=original.owner, unlimited_disk=True)
    blocks(1)
    offer(original, *receivers)
    make_copies()
    assert set(Share.objects.values_list("state", flat=True)) == {"ready"}


def test_a_controller_that_lost_the_lease_cannot_extend_its_reservation(
    ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = offer(ours(), grace)
    blocks(6)
    old = started(share, now=timezone.now(), size=BLOCK_BYTES)
    started(share, now=timezone.now() + lease_length() + timedelta(seconds=1), size=3 * BLOCK_BYTES)
    with pytest.raises(ReservationLost):
        old.resize(2 * BLOCK_BYTES, now=timezone.now())
    assert now_of(share).copy.disk_space == 3 * BLOCK_BYTES
