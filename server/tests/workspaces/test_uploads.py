"""Uploads in several requests at the edge of a disk quota: each request reserves what it may bring, and not more."""

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import Conflict, InUse, InvalidRequest, QuotaExceeded
from user_workspaces.interfaces.values import Upload
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import disk_space_of, disk_usage_of, held_disk, over_disk_since
from user_workspaces.quotas.reservation import EXPIRES_AFTER
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.workspaces import uploads
from user_workspaces.workspaces.actions import measure, upload_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
Blocks = Callable[[int], None]
NOTED = 2
"""Blocks that a storage needs for the metadata of an upload and its directory."""


@pytest.fixture
def workspace(make_user: Callable[[], User], workspace_of: Callable[..., Workspace]) -> Workspace:
    """Return a measured workspace whose directory takes one block."""
    made = workspace_of(make_user())
    measure_all()
    return made


def measure_all() -> None:
    while process_due_workspaces(now=timezone.now()):
        pass
    Workspace.objects.update(disk_space=0)  # so that a test counts what it wrote, whatever the file system adds


def begin(workspace: Workspace, length: int, path: str = "f") -> Upload:
    upload = uploads.begin_upload(workspace=workspace, path=path, length=length, note="", now=timezone.now())
    measure_all()
    return upload


def append(
    workspace: Workspace, upload: Upload, offset: int, chunks: Iterator[bytes] | list[bytes], size: int | None = None
) -> Upload:
    now, found = timezone.now(), upload.id
    return uploads.append_to_upload(
        workspace=workspace, upload_id=found, offset=offset, chunks=chunks, now=now, size=size
    )


def held(workspace: Workspace) -> int:
    return held_disk(workspace.owner_id, now=timezone.now()) // BLOCK_BYTES


def offset_of(workspace: Workspace, upload: Upload) -> int:
    return uploads.find_upload(workspace=workspace, upload_id=upload.id, now=timezone.now()).offset


def test_upload_that_does_not_fit_is_rejected_at_the_start(workspace: Workspace, blocks: Blocks) -> None:
    blocks(4 + NOTED)
    with pytest.raises(QuotaExceeded, match="This needs 28 KiB on disk, and 24 KiB of your 24 KiB are left"):
        begin(workspace, 4 * BLOCK_BYTES + 1)
    with pytest.raises(QuotaExceeded):
        begin(workspace, 3 * BLOCK_BYTES, path="deep/er/f")
    assert held(workspace) == 0
    begin(workspace, 4 * BLOCK_BYTES)


def test_unfinished_upload_is_not_due_at_each_pass(workspace: Workspace) -> None:
    """It expires in a day, which is more than the longest wait of the controller."""
    begin(workspace, BLOCK_BYTES)
    workspace.refresh_from_db()
    assert workspace.next_check_at is not None
    assert process_due_workspaces(now=timezone.now()) == 0


def test_request_reserves_its_bytes_before_the_first_one(workspace: Workspace, blocks: Blocks) -> None:
    upload, seen = begin(workspace, 6 * BLOCK_BYTES, path="d/f"), list[int]()
    blocks(10)

    def chunks(count: int) -> Iterator[bytes]:
        for _ in range(count):
            seen.append(held(workspace))
            yield b"x" * BLOCK_BYTES

    assert append(workspace, upload, 0, chunks(2), size=2 * BLOCK_BYTES).offset == 2 * BLOCK_BYTES
    assert (seen, held(workspace)) == ([2, 2], 2)
    append(workspace, upload, 2 * BLOCK_BYTES, chunks(1))  # of unknown size: all that is missing, with the directory
    assert (seen[2:], held(workspace)) == ([2 + 4 + 1], 3)
    assert append(workspace, upload, 3 * BLOCK_BYTES, chunks(3), size=3 * BLOCK_BYTES).finished
    assert held(workspace) == 6 + 1
    measure_all()
    assert not DiskReservation.objects.exists()


def test_bytes_within_a_counted_block_need_no_quota(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 100)
    blocks(1)
    append(workspace, upload, 0, [b"x" * 10], size=10)
    append(workspace, upload, 10, [b"x" * 90], size=90)
    assert held(workspace) == 1


def test_rejected_request_leaves_the_upload_where_it_was(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 4 * BLOCK_BYTES)
    blocks(4)
    append(workspace, upload, 0, [b"x" * BLOCK_BYTES], size=BLOCK_BYTES)
    upload_file(workspace=workspace, path="other", chunks=[b"y"], size=1, now=timezone.now())
    with pytest.raises(QuotaExceeded, match="This needs 12 KiB on disk, and 8 KiB of your 16 KiB are left"):
        append(workspace, upload, BLOCK_BYTES, [b"never asked for"])
    assert (offset_of(workspace, upload), held(workspace)) == (BLOCK_BYTES, 2)
    append(workspace, upload, BLOCK_BYTES, [b"x" * BLOCK_BYTES], size=BLOCK_BYTES)
    blocks(5)
    assert append(workspace, upload, 2 * BLOCK_BYTES, [b"x" * 2 * BLOCK_BYTES]).finished
    assert held(workspace) == 5


def test_bytes_before_a_broken_connection_count_and_the_rest_is_released(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 8 * BLOCK_BYTES, path="d/f")
    blocks(9)

    def breaking_chunks() -> Iterator[bytes]:
        yield b"x" * BLOCK_BYTES
        yield b"x" * (BLOCK_BYTES + 1)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        append(workspace, upload, 0, breaking_chunks(), size=8 * BLOCK_BYTES)
    assert (offset_of(workspace, upload), held(workspace)) == (2 * BLOCK_BYTES + 1, 3)
    assert append(workspace, upload, 2 * BLOCK_BYTES + 1, [b"x" * (6 * BLOCK_BYTES - 1)]).finished
    assert held(workspace) == 9


@pytest.mark.parametrize("size", [BLOCK_BYTES, None])
def test_request_cannot_bring_more_than_reserved(workspace: Workspace, blocks: Blocks, size: int | None) -> None:
    upload, most = begin(workspace, 2 * BLOCK_BYTES), size or 2 * BLOCK_BYTES
    blocks(3)
    with pytest.raises(InvalidRequest, match="The upload is larger than its declared size"):
        append(workspace, upload, 0, [b"x" * BLOCK_BYTES] * 3, size=size)
    assert (offset_of(workspace, upload), held(workspace)) == (most, most // BLOCK_BYTES)


def test_request_at_a_wrong_offset_reserves_nothing(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 4 * BLOCK_BYTES)
    blocks(4)
    with pytest.raises(Conflict):
        append(workspace, upload, BLOCK_BYTES, [b"x"])
    assert held(workspace) == 0


def test_empty_file_counts_its_directories(workspace: Workspace, blocks: Blocks) -> None:
    blocks(NOTED + 3)
    with pytest.raises(QuotaExceeded):
        begin(workspace, 0, path="a/b/c/d/f")
    uploads.begin_upload(workspace=workspace, path="a/b/c/f", length=0, note="", now=timezone.now())
    assert held(workspace) == NOTED + 3


def test_of_two_uploads_at_once_only_one_fits(workspace: Workspace, blocks: Blocks) -> None:
    both = [begin(workspace, 3 * BLOCK_BYTES, path=name) for name in "ab"]
    blocks(5)

    def send() -> str:
        upload = both.pop()
        try:
            return "whole" if append(workspace, upload, 0, [b"x" * 3 * BLOCK_BYTES]).finished else "part"
        except QuotaExceeded:
            return "refused"

    assert sorted(at_once(2, send)) == ["refused", "whole"]
    assert held(workspace) == 3


def test_same_upload_sent_at_once_counts_once(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 3 * BLOCK_BYTES)
    blocks(50)

    def send() -> bool:
        try:
            return append(workspace, upload, 0, [b"x" * BLOCK_BYTES, b"x" * BLOCK_BYTES, b"x" * BLOCK_BYTES]).finished
        except Exception:  # noqa: BLE001  any error: this thread did not write
            return False

    assert sum(at_once(4, send)) == 1
    assert held(workspace) == 3


def test_usage_is_what_the_disk_holds(workspace: Workspace, blocks: Blocks, tmp_path: object) -> None:
    blocks(1000)
    upload = uploads.begin_upload(workspace=workspace, path="d/f", length=100_000, note="", now=timezone.now())
    home = home_of(workspace)
    for offset in range(0, 100_000, 25_000):
        append(workspace, upload, offset, [b"x" * 25_000], size=25_000)
        taken = disk_space_of(workspace.owner_id) + held_disk(workspace.owner_id, now=timezone.now())
        assert taken + BLOCK_BYTES >= home.storage.disk_usage(
            home.location
        )  # the fixture does not count the directory of the workspace
    while process_due_workspaces(now=timezone.now()):
        pass
    assert disk_space_of(workspace.owner_id) == home.storage.disk_usage(home.location)
    assert held(workspace) == 0


def die_while_sending(workspace: Workspace, upload: Upload, *, at: int, sent: int, holding: int) -> None:
    """Leave the state of a process that is killed: its bytes, and its reservation."""
    home, until = home_of(workspace), timezone.now() + EXPIRES_AFTER
    home.storage.append(home.location, upload.id, at, [b"x" * sent])
    DiskReservation.objects.create(
        user=workspace.owner, target=workspace.pk, size=holding, expires_at=until, upload=upload.id
    )


def blocks_of(workspace: Workspace) -> int:
    measure(Workspace.objects.get(pk=workspace.pk))
    return disk_space_of(workspace.owner_id) // BLOCK_BYTES


def test_upload_continued_after_a_kill_gets_its_reservation_back(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 4 * BLOCK_BYTES)
    append(workspace, upload, 0, [b"x" * BLOCK_BYTES], size=BLOCK_BYTES)
    another = begin(workspace, 1, path="another")
    blocks(blocks_of(workspace) + 3)
    die_while_sending(workspace, upload, at=BLOCK_BYTES, sent=BLOCK_BYTES, holding=3 * BLOCK_BYTES)
    with pytest.raises(QuotaExceeded):
        upload_file(workspace=workspace, path="other", chunks=[b"y"], size=1, now=timezone.now())
    with pytest.raises(QuotaExceeded):  # still reserved against other uploads
        append(workspace, another, 0, [b"y"], size=1)
    assert append(workspace, upload, 2 * BLOCK_BYTES, [b"x" * 2 * BLOCK_BYTES]).finished
    home = home_of(workspace)
    with home.storage.open(home.location, "f") as written:
        assert written.read() == b"x" * 4 * BLOCK_BYTES
    blocks_of(workspace)
    assert not DiskReservation.objects.exists()


def test_reservation_of_a_killed_request_counts_until_measured(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 4 * BLOCK_BYTES)
    blocks(20)
    die_while_sending(workspace, upload, at=0, sent=BLOCK_BYTES, holding=4 * BLOCK_BYTES)
    append(workspace, upload, BLOCK_BYTES, [b"x" * BLOCK_BYTES], size=BLOCK_BYTES)
    assert held(workspace) == 4 + 1  # the whole reservation, until it is measured
    measure_all()
    assert held(workspace) == 0


def test_concurrent_request_does_not_commit_the_reservation_of_the_other(workspace: Workspace, blocks: Blocks) -> None:
    upload = begin(workspace, 3 * BLOCK_BYTES)
    blocks(20)

    def chunks() -> Iterator[bytes]:
        yield b"x" * BLOCK_BYTES
        with pytest.raises((InUse, Conflict)):
            append(workspace, upload, 0, [b"y" * BLOCK_BYTES])
        assert held(workspace) == 3
        yield b"x" * 2 * BLOCK_BYTES

    assert append(workspace, upload, 0, chunks()).finished
    assert held(workspace) == 3


def test_file_measured_while_it_is_written_is_not_over_quota(workspace: Workspace, blocks: Blocks) -> None:
    """It is on disk and reserved, so it counts twice; the user must not be reported as over quota."""

    def chunks() -> Iterator[bytes]:
        yield b"x" * 6 * BLOCK_BYTES
        blocks_of(workspace)
        usage = disk_usage_of(workspace.owner_id, limit=12 * BLOCK_BYTES, now=timezone.now())
        assert (usage.taken > 12 * BLOCK_BYTES, usage.is_over) == (True, False)
        assert over_disk_since(workspace.owner_id) is None
        yield b"x" * BLOCK_BYTES

    blocks(12)
    upload_file(workspace=workspace, path="f", chunks=chunks(), size=7 * BLOCK_BYTES, now=timezone.now())
    measure_all()
    assert held(workspace) == 0
