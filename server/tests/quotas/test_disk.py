"""Disk quotas: reserved before the first byte, counted until a measurement, never exceeded."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import check_disk_use, process_due_workspaces
from user_workspaces.errors import InvalidRequest, QuotaExceeded, StorageError
from user_workspaces.quotas import disk
from user_workspaces.quotas.models import DiskReservation, QuotaAccount
from user_workspaces.quotas.queries import disk_space_of, held_disk, over_disk_since
from user_workspaces.workspaces.actions import (
    files_changed,
    measure,
    note_job_launched,
    queue_deletion,
    update_workspace,
    upload_file,
)
from user_workspaces.workspaces.details import Details, NewFile, NewLink
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
BLOCK = 4096
Put = Callable[..., None]
Make = Callable[..., Workspace]


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user()


def upload(workspace: Workspace, name: str, size: int, *, declared: int | None = None) -> int:
    chunks = [b"x" * size]
    return upload_file(workspace=workspace, path=name, chunks=chunks, size=declared or size, now=NOW)


def names_in(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def taken(owner: User) -> int:
    return (disk_space_of(owner.pk) + held_disk(owner.pk, now=timezone.now())) // BLOCK


def test_without_a_limit_nothing_is_reserved(ada: User, workspace_of: Make) -> None:
    upload(workspace_of(ada), "a", 10_000)
    assert not DiskReservation.objects.exists()


def test_new_workspace_counts_its_files_and_its_directory(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(100)
    files = (NewFile("a", b"1"), NewFile("b/c", b"x" * 5000))
    workspace = workspace_of(ada, details=Details(files=files))
    assert taken(ada) == 1 + 1 + 3
    measure(workspace)
    assert not DiskReservation.objects.exists()
    assert taken(ada) == 1 + 1 + 3


def test_workspace_that_does_not_fit_leaves_nothing(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(2)
    with pytest.raises(QuotaExceeded, match="This needs 12 KiB on disk, and 8 KiB of your 8 KiB are left"):
        workspace_of(ada, details=Details(files=(NewFile("a", b"x" * 4097),)))
    assert not Workspace.objects.exists()
    assert taken(ada) == 0
    workspace_of(ada, details=Details(files=(NewFile("a", b"x" * 4096),)))
    assert taken(ada) == 2


def test_failed_creation_releases_its_reservation(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    blocks(10)
    details = Details(files=(NewFile("a", b"x"),), links=(NewLink("b", "/nowhere"),))
    with pytest.raises(StorageError):
        workspace_of(ada, details=details)
    assert taken(ada) == 0


def test_upload_counts_at_once_and_is_measured_later(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    upload(workspace, "a", 2 * BLOCK)
    assert taken(ada) == 3
    with pytest.raises(QuotaExceeded, match="This needs 8 KiB on disk, and 4 KiB of your 16 KiB are left"):
        upload(workspace, "b", BLOCK + 1)
    upload(workspace, "c", BLOCK)
    assert names_in(workspace) == ["a", "c"]
    process_due_workspaces(now=timezone.now())
    assert (taken(ada), DiskReservation.objects.count()) == (4, 0)


def test_upload_smaller_than_declared_releases_the_rest(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    upload(workspace, "a", 10, declared=3 * BLOCK)
    assert taken(ada) == 2


def test_upload_larger_than_declared_is_rejected(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    workspace = workspace_of(ada)
    blocks(4)
    with pytest.raises(InvalidRequest, match="The upload is larger than its declared size"):
        upload(workspace, "a", 3 * BLOCK, declared=10)
    assert names_in(workspace) == []
    assert taken(ada) == 0


def test_upload_of_unknown_size_may_use_what_is_left(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    held: list[int] = []

    def chunks(number: int) -> Iterator[bytes]:
        for _ in range(number):
            held.append(taken(ada))
            yield b"x" * BLOCK

    upload_file(workspace=workspace, path="a", chunks=chunks(2), now=timezone.now())
    assert held == [4, 4]
    assert taken(ada) == 3
    with pytest.raises(QuotaExceeded):
        upload_file(workspace=workspace, path="b", chunks=chunks(2), now=timezone.now())
    assert taken(ada) == 3
    upload_file(workspace=workspace, path="b", chunks=chunks(1), now=timezone.now())
    with pytest.raises(QuotaExceeded):
        upload_file(workspace=workspace, path="c", chunks=chunks(1), now=timezone.now())


def test_failed_upload_releases_its_reservation(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    workspace = workspace_of(ada)
    blocks(4)

    def breaking_chunks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload_file(workspace=workspace, path="a", chunks=breaking_chunks(), size=BLOCK, now=NOW)
    assert taken(ada) == 0
    assert names_in(workspace) == []


def test_failed_update_counts_as_written(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    details = Details(files=(NewFile("a", b"x"),), links=(NewLink("b", "/nowhere"),))
    with pytest.raises(StorageError):  # the file is there, the link is not
        update_workspace(workspace=workspace, now=NOW, details=details)
    assert taken(ada) == 3
    with pytest.raises(QuotaExceeded):
        update_workspace(workspace=workspace, now=NOW, details=Details(files=(NewFile("c", b"x" * 3 * BLOCK),)))
    assert names_in(workspace) == ["a"]


def test_measurement_that_started_before_an_upload_keeps_it_counted(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(100)
    stale = workspace_of(ada)
    before = Workspace.objects.get(pk=stale.pk)
    upload(stale, "a", BLOCK)
    measure(before)
    assert taken(ada) >= 2
    assert DiskReservation.objects.count() == 1
    measure(Workspace.objects.get(pk=stale.pk))
    assert (taken(ada), DiskReservation.objects.count()) == (2, 0)


def test_deleted_workspace_releases_its_reservations(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    upload(workspace, "a", BLOCK)
    queue_deletion(workspace_id=workspace.pk, now=NOW)
    process_due_workspaces(now=timezone.now())
    assert taken(ada) == 0
    assert not DiskReservation.objects.exists()


def test_measurement_records_and_clears_an_exceeded_quota(
    ada: User, workspace_of: Make, blocks: Callable[[int], None], limit: Put
) -> None:
    workspace = workspace_of(ada)
    upload(workspace, "a", 5 * BLOCK)
    blocks(4)
    measure(Workspace.objects.get(pk=workspace.pk))
    since = over_disk_since(ada.pk)
    assert since is not None
    files_changed(workspace_id=workspace.pk, now=NOW)
    measure(Workspace.objects.get(pk=workspace.pk))
    assert over_disk_since(ada.pk) == since
    home = home_of(workspace)
    home.storage.remove(home.location, "a")
    measure(Workspace.objects.get(pk=workspace.pk))
    assert over_disk_since(ada.pk) is None
    upload(workspace, "b", 2 * BLOCK)


def test_workspaces_in_use_are_measured_again_where_disk_is_limited(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    workspace = workspace_of(ada)
    process_due_workspaces(now=timezone.now())
    note_job_launched(workspace_id=workspace.pk, now=NOW)
    home = home_of(workspace)
    home.storage.write(home.location, "written by a session", [b"x" * 9 * BLOCK])
    assert check_disk_use(now=NOW) == 0
    blocks(5)
    assert check_disk_use(now=NOW) == 1
    assert process_due_workspaces(now=timezone.now()) == 1
    assert over_disk_since(ada.pk) is not None
    assert process_due_workspaces(now=timezone.now()) == 0


def test_files_of_a_dead_writer_are_measured(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    process_due_workspaces(now=timezone.now())
    disk.reserve(owner_id=ada.pk, target=workspace.pk, size=2 * BLOCK, now=NOW)
    disk.reserve(owner_id=ada.pk, target=987_654, size=BLOCK, now=NOW)
    home = home_of(workspace)
    home.storage.write(home.location, "a", [b"x" * 2 * BLOCK])  # and dies before it commits
    assert check_disk_use(now=NOW) == 0
    DiskReservation.objects.update(expires_at=NOW)
    assert check_disk_use(now=NOW + timedelta(seconds=1)) == 2
    process_due_workspaces(now=timezone.now())
    assert (taken(ada), DiskReservation.objects.count()) == (3, 0)
    assert QuotaAccount.objects.count() == 1
