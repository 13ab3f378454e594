"""Files appear whole or not at all: with a full disk, a crash at any line, and many writers."""

import os
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import IS_ROOT, World, own
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage

# The child of `crash_while_writing` does nothing but write, so it does not matter that other threads are not in it.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_write_belongs_to_the_user(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.write(location, "d/f", [b"1"])
    for path in (made / "d", made / "d" / "f"):
        assert (path.stat().st_uid, path.stat().st_gid) == (location.account.uid, location.account.gid)


@pytest.mark.parametrize("mask", [0, 0o022, 0o027])
def test_write_mode_is_the_owners_alone(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, mask: int
) -> None:
    old = os.umask(mask)
    try:
        storage.write(location, "d/f", [b"1"])
    finally:
        os.umask(old)
    assert (made / "d").stat().st_mode & 0o7777 == 0o700
    assert (made / "d" / "f").stat().st_mode & 0o7777 == 0o600


def test_write_again_keeps_permissions(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "run.sh", [b"old"])
    (made / "run.sh").chmod(0o4755)
    storage.write(location, "run.sh", [b"new"])
    assert (made / "run.sh").stat().st_mode & 0o7777 == 0o755


def test_write_unhooks_hard_links(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.write(location, "a", [b"1"])
    (made / "b").hardlink_to(made / "a")
    storage.write(location, "a", [b"2"])
    assert (made / "b").read_bytes() == b"1"


def test_write_over_directory_reads_no_chunk(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    (made / "d").mkdir()

    def chunks() -> Iterator[bytes]:
        pytest.fail("an upload that cannot succeed was read")
        yield b""

    with pytest.raises(StorageError, match="This is a directory"):
        storage.write(location, "d", chunks())


def test_write_chunks_made_with_the_servers_rights(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    seen = list[int]()

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            seen.append(os.geteuid())
            yield b"1"

    storage.write(location, "a", chunks())
    assert seen == [os.getuid()] * 3


def test_write_too_large_leaves_nothing(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "a", [b"old"])
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(StorageError, match="larger than this storage allows"):
            storage.write(location, "a", [b"x" * 60_000] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert (made / "a").read_bytes() == b"old"
    assert names(made) == ["a"]


@pytest.fixture
def small_disk(world: World, made: Path, location: WorkspaceLocation) -> Iterator[Path]:
    """Return a directory of the workspace on a file system of one megabyte."""
    small = made / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    own(small, location.account)
    yield small
    subprocess.run(["umount", "--lazy", small], check=True)


@pytest.mark.root
def test_write_full_disk_leaves_nothing(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, small_disk: Path
) -> None:
    storage.write(location, "small/a", [b"old"])
    with pytest.raises(StorageError, match="The disk is full"):
        storage.write(location, "small/a", [b"x" * 300_000] * 10)
    assert (small_disk / "a").read_bytes() == b"old"
    assert names(small_disk) == ["a"]


@pytest.mark.root
def test_write_without_right_refused(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    (made / "roots").mkdir(mode=0o755)
    with pytest.raises(StorageError, match="do not have permission"):
        storage.write(location, "roots/f", [b"1"])
    assert names(made / "roots") == []


def crash_while_writing(storage: LocalFileSystemStorage, location: WorkspaceLocation, path: str) -> None:
    """Let a process of our own die between the first chunk and the rename."""

    def chunks() -> Iterator[bytes]:
        yield b"half"
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        storage.write(location, path, chunks())
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_write_crash_leaves_old_file_whole(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "a", [b"old"])
    crash_while_writing(storage, location, "a")
    crash_while_writing(storage, location, "new")
    assert (made / "a").read_bytes() == b"old"
    assert [entry.path for entry in storage.tree(location)] == ["a"]
    assert len(names(made)) == 3


def test_write_after_crash_cleans_up(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    crash_while_writing(storage, location, "a")
    crash_while_writing(storage, location, "a")
    assert len(names(made)) == 1
    storage.write(location, "a", [b"new"])
    assert names(made) == ["a"]


def test_write_beside_what_is_planted_for_it(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    crash_while_writing(storage, location, "a")
    (part,) = made.iterdir()
    part.unlink()
    part.mkdir()
    (made / f"{part.name[:-1]}1").symlink_to("a")
    os.mkfifo(made / f"{part.name[:-1]}2")
    storage.write(location, "a", [b"new"])
    assert (made / "a").read_bytes() == b"new"


def test_write_of_one_file_by_many_one_wins(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    start, failures = threading.Barrier(8), list[StorageError]()

    def work(letter: bytes) -> None:
        start.wait(timeout=60)
        for _ in range(20):
            try:
                storage.write(location, "a", [letter * 1000] * 3)
            except StorageError as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(bytes([65 + number]),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = (made / "a").read_bytes()
    assert failures == []
    assert content == content[:1] * 3000
    assert names(made) == ["a"]


def test_write_by_too_many_refused(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    def nested(depth: int) -> Iterator[bytes]:
        yield b"1"
        if depth:
            storage.write(location, "a", nested(depth - 1))

    with pytest.raises(StorageError, match="Too many"):
        storage.write(location, "a", nested(60))
    assert names(made) == []


def test_writes_for_two_users_at_once(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    storage.create(other_location)
    failures = list[StorageError]()

    def work(where: WorkspaceLocation) -> None:
        for number in range(100):
            try:
                storage.write(where, f"d{number % 7}/f{number}", [b"1"])
            except StorageError as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(where,)) for where in (location, other_location) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for where in (location, other_location):
        owners = {path.lstat().st_uid for path in storage.locate(where).rglob("*")}
        assert owners == {where.account.uid}
    assert os.geteuid() == os.getuid()


@pytest.mark.skipif(IS_ROOT, reason="root is not bound by modes of its own files")
def test_write_closed_directory_says_so(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    (made / "closed").mkdir(mode=0o500)
    with pytest.raises(StorageError, match="do not have permission"):
        storage.write(location, "closed/f", [b"1"])
