"""Disk quotas: held before the first byte, counted until they are measured, never more than there is."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import check_disk_use, process_due_workspaces
from user_workspaces.errors import InvalidRequest, QuotaExceeded, StorageError
from user_workspaces.quotas.models import DiskReservation, QuotaAccount
from user_workspaces.quotas.queries import held_disk, over_disk_since
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
from user_workspaces.workspaces.space import disk_space_of, hold_disk

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
BLOCK = 4096
Put = Callable[..., None]
Make = Callable[..., Workspace]


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user()


def upload(workspace: Workspace, name: str, size: int, *, said: int | None = None) -> int:
    chunks = [b"x" * size]
    return upload_file(workspace=workspace, path=name, chunks=chunks, size=said or size, now=NOW)


def names_in(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def taken(owner: User) -> int:
    return (disk_space_of(owner.pk) + held_disk(owner.pk, now=timezone.now())) // BLOCK


def test_without_a_limit_nothing_is_held(ada: User, workspace_of: Make) -> None:
    upload(workspace_of(ada), "a", 10_000)
    assert not DiskReservation.objects.exists()


def test_a_new_workspace_takes_its_files_and_its_directory(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(100)
    files = (NewFile("a", b"1"), NewFile("b/c", b"x" * 5000))
    workspace = workspace_of(ada, details=Details(files=files))
    assert taken(ada) == 1 + 1 + 3
    measure(workspace)
    assert not DiskReservation.objects.exists()
    assert taken(ada) == 1 + 1 + 3


def test_a_workspace_that_does_not_fit_leaves_nothing(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(2)
    with pytest.raises(QuotaExceeded, match="This needs 12 KiB on disk, and 8 KiB of your 8 KiB are left"):
        workspace_of(ada, details=Details(files=(NewFile("a", b"x" * 4097),)))
    assert not Workspace.objects.exists()
    assert taken(ada) == 0
    workspace_of(ada, details=Details(files=(NewFile("a", b"x" * 4096),)))
    assert taken(ada) == 2


def test_a_failed_creation_gives_its_room_back(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    blocks(10)
    details = Details(files=(NewFile("a", b"x"),), links=(NewLink("b", "/nowhere"),))
    with pytest.raises(StorageError):
        workspace_of(ada, details=details)
    assert taken(ada) == 0


def test_an_upload_is_counted_at_once_and_measured_later(
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


def test_what_is_smaller_than_said_gives_the_rest_back(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    upload(workspace, "a", 10, said=3 * BLOCK)
    assert taken(ada) == 2


def test_what_is_larger_than_said_is_not_kept(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    workspace = workspace_of(ada)
    blocks(4)
    with pytest.raises(InvalidRequest, match="More arrived than was announced"):
        upload(workspace, "a", 3 * BLOCK, said=10)
    assert names_in(workspace) == []
    assert taken(ada) == 0


def test_a_stream_of_unknown_size_may_take_what_is_left(
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


def test_a_failed_upload_gives_its_room_back(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    workspace = workspace_of(ada)
    blocks(4)

    def breaks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload_file(workspace=workspace, path="a", chunks=breaks(), size=BLOCK, now=NOW)
    assert taken(ada) == 0
    assert names_in(workspace) == []


def test_an_update_counts_what_may_be_there(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    details = Details(files=(NewFile("a", b"x"),), links=(NewLink("b", "/nowhere"),))
    with pytest.raises(StorageError):  # the file is there, the link is not
        update_workspace(workspace=workspace, now=NOW, details=details)
    assert taken(ada) == 3
    with pytest.raises(QuotaExceeded):
        update_workspace(workspace=workspace, now=NOW, details=Details(files=(NewFile("c", b"x" * 3 * BLOCK),)))
    assert names_in(workspace) == ["a"]


def test_a_measurement_that_began_before_an_upload_does_not_forget_it(
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


def test_a_deleted_workspace_takes_its_reservations_with_it(
    ada: User, workspace_of: Make, blocks: Callable[[int], None]
) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    upload(workspace, "a", BLOCK)
    queue_deletion(workspace_id=workspace.pk, now=NOW)
    process_due_workspaces(now=timezone.now())
    assert taken(ada) == 0
    assert not DiskReservation.objects.exists()


def test_too_much_on_disk_is_noted_and_forgotten_by_measuring(
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
    home.storage.write(home.location, "behind our back", [b"x" * 9 * BLOCK])
    assert check_disk_use(now=NOW) == 0
    blocks(5)
    assert check_disk_use(now=NOW) == 1
    assert process_due_workspaces(now=timezone.now()) == 1
    assert over_disk_since(ada.pk) is not None
    assert process_due_workspaces(now=timezone.now()) == 0


def test_what_a_dead_writer_left_is_measured(ada: User, workspace_of: Make, blocks: Callable[[int], None]) -> None:
    blocks(4)
    workspace = workspace_of(ada)
    process_due_workspaces(now=timezone.now())
    hold_disk(owner_id=ada.pk, workspace_id=workspace.pk, size=2 * BLOCK, now=NOW)
    hold_disk(owner_id=ada.pk, workspace_id=987_654, size=BLOCK, now=NOW)
    home = home_of(workspace)
    home.storage.write(home.location, "a", [b"x" * 2 * BLOCK])  # and dies before it says so
    assert check_disk_use(now=NOW) == 0
    DiskReservation.objects.update(expires_at=NOW)
    assert check_disk_use(now=NOW + timedelta(seconds=1)) == 2
    process_due_workspaces(now=timezone.now())
    assert (taken(ada), DiskReservation.objects.count()) == (3, 0)
    assert QuotaAccount.objects.count() == 1
