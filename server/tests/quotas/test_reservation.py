"""Reservations: renewed while content arrives, lost when it stops arriving, committed or released at the end."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest, QuotaExceeded
from user_workspaces.quotas import disk, reservation
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import held_disk
from user_workspaces.quotas.reservation import EXPIRES_AFTER, PERMANENT, Reservation, ReservationLost
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.workspaces.actions import commit_reservation, finish_deletion, measure, queue_deletion, upload_file
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Blocks = Callable[[int], None]


@pytest.fixture
def workspace(make_user: Callable[[], User], workspace_of: Callable[..., Workspace], blocks: Blocks) -> Workspace:
    """Return a workspace whose owner has eight blocks left."""
    made = workspace_of(make_user())
    measure(Workspace.objects.get(pk=made.pk))
    Workspace.objects.update(disk_space=0)
    blocks(8)
    return made


@pytest.fixture
def renewing_with_each_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew the reservation with each chunk."""
    monkeypatch.setattr(reservation, "RENEW_SECONDS", -1.0)


def held(workspace: Workspace) -> int:
    return held_disk(workspace.owner_id, now=timezone.now()) // BLOCK_BYTES


def expire_half() -> None:
    DiskReservation.objects.update(expires_at=timezone.now() + EXPIRES_AFTER / 2)


@pytest.mark.usefixtures("renewing_with_each_chunk")
def test_slow_upload_renews_its_reservation(workspace: Workspace) -> None:
    def slow_chunks() -> Iterator[bytes]:
        for _ in range(4):
            expire_half()
            yield b"x" * BLOCK_BYTES
            left = DiskReservation.objects.get().expires_at - timezone.now()
            assert left > EXPIRES_AFTER - timedelta(minutes=1)

    upload_file(workspace=workspace, path="a", chunks=slow_chunks(), size=4 * BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 4


@pytest.mark.usefixtures("renewing_with_each_chunk")
def test_stalled_upload_loses_its_reservation(workspace: Workspace) -> None:
    def stalled_chunks() -> Iterator[bytes]:
        yield b"x" * BLOCK_BYTES
        DiskReservation.objects.update(expires_at=timezone.now())
        upload_file(
            workspace=workspace, path="b", chunks=[b"y" * 8 * BLOCK_BYTES], size=8 * BLOCK_BYTES, now=timezone.now()
        )
        yield b"x" * BLOCK_BYTES

    with pytest.raises(ReservationLost, match="The upload timed out") as raised:
        upload_file(workspace=workspace, path="a", chunks=stalled_chunks(), size=4 * BLOCK_BYTES, now=timezone.now())
    assert isinstance(raised.value, InvalidRequest)  # a client error, as HTTP sees it
    assert held(workspace) == 8


def test_file_counts_even_if_its_reservation_was_removed(workspace: Workspace) -> None:
    def without_reservation() -> Iterator[bytes]:
        DiskReservation.objects.all().delete()
        yield b"x" * BLOCK_BYTES

    upload_file(workspace=workspace, path="a", chunks=without_reservation(), size=BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 1
    measure(Workspace.objects.get(pk=workspace.pk))
    assert not DiskReservation.objects.exists()


def test_upload_into_deleted_workspace_counts_nothing(workspace: Workspace) -> None:
    def deleting_chunks() -> Iterator[bytes]:
        queue_deletion(workspace_id=workspace.pk, now=timezone.now())
        finish_deletion(Workspace.objects.get(pk=workspace.pk))
        yield b"x"

    with pytest.raises(Exception):  # noqa: B017, PT011  any error of a storage whose directory was removed
        upload_file(workspace=workspace, path="d/a", chunks=deleting_chunks(), size=1, now=timezone.now())
    assert not DiskReservation.objects.exists()


def test_deletion_waits_for_commit_and_releases_it(workspace: Workspace) -> None:
    reserved = disk.reserve(owner_id=workspace.owner_id, target=workspace.pk, size=BLOCK_BYTES, now=timezone.now())
    queue_deletion(workspace_id=workspace.pk, now=timezone.now())

    def delete() -> None:
        try:
            finish_deletion(Workspace.objects.get(pk=workspace.pk))
        finally:
            connections.close_all()

    deletion = threading.Thread(target=delete)
    with transaction.atomic():
        commit_reservation(workspace.pk, reserved, size=BLOCK_BYTES, now=timezone.now())
        deletion.start()
    deletion.join(60)
    assert not deletion.is_alive()
    assert not DiskReservation.objects.exists()


def test_failed_upload_counts_its_directories(workspace: Workspace) -> None:
    def breaking_chunks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload_file(workspace=workspace, path="a/b/c", chunks=breaking_chunks(), size=BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 2
    found = Workspace.objects.get(pk=workspace.pk)
    assert found.next_check_at is not None
    measure(found)
    assert held(workspace) == 0
    assert Workspace.objects.get(pk=workspace.pk).disk_space >= 2 * BLOCK_BYTES


def test_two_uploads_of_known_size_fit_side_by_side(workspace: Workspace) -> None:
    def chunks_with_second_upload() -> Iterator[bytes]:
        yield b"x"
        upload_file(workspace=workspace, path="b", chunks=[b"y"], size=1, now=timezone.now())
        yield b"x"

    upload_file(workspace=workspace, path="a", chunks=chunks_with_second_upload(), size=2, now=timezone.now())
    assert held(workspace) == 2
    with pytest.raises(QuotaExceeded):  # of unknown size: it reserves all that is left
        upload_file(workspace=workspace, path="c", chunks=chunks_with_second_upload(), now=timezone.now())


def test_reservation_of_a_copy_neither_expires_nor_is_measured(workspace: Workspace) -> None:
    made = reserve_for_copy(workspace)
    later = timezone.now() + timedelta(days=365)
    made.resize(2 * BLOCK_BYTES, now=later)
    with transaction.atomic():
        disk.reconcile(owner_id=workspace.owner_id, target=workspace.pk, change=PERMANENT - 1, now=later)
    assert held_disk(workspace.owner_id, now=later) == 2 * BLOCK_BYTES
    disk.release(target=workspace.pk)
    with pytest.raises(ReservationLost):
        made.resize(3 * BLOCK_BYTES, now=later)


def test_expired_reservation_cannot_be_renewed(workspace: Workspace) -> None:
    now = timezone.now()
    made = disk.reserve(owner_id=workspace.owner_id, target=workspace.pk, size=BLOCK_BYTES, now=now)
    made.renew(now=now + EXPIRES_AFTER / 2)
    made.renew(now=now + EXPIRES_AFTER)
    with pytest.raises(ReservationLost):
        made.renew(now=now + 2 * EXPIRES_AFTER)


def test_copy_that_does_not_fit_names_receiver_and_total(workspace: Workspace) -> None:
    made = reserve_for_copy(workspace)
    with pytest.raises(QuotaExceeded, match="The copy needs 36 KiB, which does not fit in the disk quota of ada"):
        made.resize(9 * BLOCK_BYTES, now=timezone.now())
    assert (made.size, held(workspace)) == (BLOCK_BYTES, 1)


def reserve_for_copy(workspace: Workspace) -> Reservation:
    owner, now = workspace.owner, timezone.now()
    return disk.reserve(owner_id=owner.pk, target=workspace.pk, size=BLOCK_BYTES, receiver=owner.username, now=now)
