"""Room that is held while something is written: for as long as that takes, and never for ever."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest, QuotaExceeded
from user_workspaces.quotas.actions import WRITING_IS_DEAD_AFTER
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import held_disk
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.workspaces import rooms
from user_workspaces.workspaces.actions import finish_deletion, measure, queue_deletion, upload_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.space import hold_disk

pytestmark = pytest.mark.django_db(transaction=True)
Blocks = Callable[[int], None]


@pytest.fixture
def workspace(make_user: Callable[[], User], workspace_of: Callable[..., Workspace], blocks: Blocks) -> Workspace:
    """One with eight blocks left."""
    made = workspace_of(make_user())
    measure(Workspace.objects.get(pk=made.pk))
    Workspace.objects.update(disk_space=0)
    blocks(8)
    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say with each chunk that it goes on."""
    monkeypatch.setattr(rooms, "RENEW_SECONDS", -1.0)


def held(workspace: Workspace) -> int:
    return held_disk(workspace.owner_id, now=timezone.now()) // BLOCK_BYTES


def half_expired() -> None:
    DiskReservation.objects.update(expires_at=timezone.now() + WRITING_IS_DEAD_AFTER / 2)


@pytest.mark.usefixtures("impatient")
def test_who_writes_slowly_keeps_the_room(workspace: Workspace) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(4):
            half_expired()
            yield b"x" * BLOCK_BYTES
            left = DiskReservation.objects.get().expires_at - timezone.now()
            assert left > WRITING_IS_DEAD_AFTER - timedelta(minutes=1)

    upload_file(workspace=workspace, path="a", chunks=slowly(), size=4 * BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 4


@pytest.mark.usefixtures("impatient")
def test_who_says_nothing_for_too_long_has_to_begin_again(workspace: Workspace) -> None:
    def stands_still() -> Iterator[bytes]:
        yield b"x" * BLOCK_BYTES
        DiskReservation.objects.update(expires_at=timezone.now())
        upload_file(
            workspace=workspace, path="b", chunks=[b"y" * 8 * BLOCK_BYTES], size=8 * BLOCK_BYTES, now=timezone.now()
        )
        yield b"x" * BLOCK_BYTES

    with pytest.raises(InvalidRequest, match="Nothing arrived for too long"):
        upload_file(workspace=workspace, path="a", chunks=stands_still(), size=4 * BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 8


def test_what_is_there_counts_also_when_its_room_was_forgotten(workspace: Workspace) -> None:
    def is_forgotten() -> Iterator[bytes]:
        DiskReservation.objects.all().delete()
        yield b"x" * BLOCK_BYTES

    upload_file(workspace=workspace, path="a", chunks=is_forgotten(), size=BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 1
    measure(Workspace.objects.get(pk=workspace.pk))
    assert not DiskReservation.objects.exists()


def test_nothing_counts_in_a_workspace_that_is_gone(workspace: Workspace) -> None:
    def is_deleted() -> Iterator[bytes]:
        queue_deletion(workspace_id=workspace.pk, now=timezone.now())
        finish_deletion(Workspace.objects.get(pk=workspace.pk))
        yield b"x"

    with pytest.raises(Exception):  # noqa: B017, PT011  whatever the storage says to a directory that was taken away
        upload_file(workspace=workspace, path="d/a", chunks=is_deleted(), size=1, now=timezone.now())
    assert not DiskReservation.objects.exists()


def test_a_deletion_waits_for_who_settles_and_forgets_it(workspace: Workspace) -> None:
    reservation = hold_disk(
        owner_id=workspace.owner_id, workspace_id=workspace.pk, size=BLOCK_BYTES, now=timezone.now()
    )
    queue_deletion(workspace_id=workspace.pk, now=timezone.now())

    def delete() -> None:
        try:
            finish_deletion(Workspace.objects.get(pk=workspace.pk))
        finally:
            connections.close_all()

    deletion = threading.Thread(target=delete)
    with transaction.atomic():
        reservation.settle(size=BLOCK_BYTES)
        deletion.start()
    deletion.join(60)
    assert not deletion.is_alive()
    assert not DiskReservation.objects.exists()


def test_a_failed_file_leaves_its_directories_counted(workspace: Workspace) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload_file(workspace=workspace, path="a/b/c", chunks=breaks(), size=BLOCK_BYTES, now=timezone.now())
    assert held(workspace) == 2
    found = Workspace.objects.get(pk=workspace.pk)
    assert found.next_check_at is not None
    measure(found)
    assert held(workspace) == 0
    assert Workspace.objects.get(pk=workspace.pk).disk_space >= 2 * BLOCK_BYTES


def test_two_whose_sizes_are_known_do_not_keep_each_other_out(workspace: Workspace) -> None:
    def with_another_one_beside() -> Iterator[bytes]:
        yield b"x"
        upload_file(workspace=workspace, path="b", chunks=[b"y"], size=1, now=timezone.now())
        yield b"x"

    upload_file(workspace=workspace, path="a", chunks=with_another_one_beside(), size=2, now=timezone.now())
    assert held(workspace) == 2
    with pytest.raises(QuotaExceeded):  # who does not know takes all there is
        upload_file(workspace=workspace, path="c", chunks=with_another_one_beside(), now=timezone.now())
