"""Workspaces are below their user's directory and private to that user."""

import os
import threading
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import MakeStorage, World, own
from user_workspaces.errors import NotAllowed, StorageError, UnsafePath
from user_workspaces.interfaces.values import SystemAccount, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_create_modes_and_owners(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation, made: Path
) -> None:
    assert (mode(world.root), world.root.stat().st_uid) == (0o711, os.getuid())
    for path in (made.parent, made):
        status = path.stat()
        assert (mode(path), status.st_uid, status.st_gid) == (0o700, location.account.uid, location.account.gid)


def test_create_modes_whatever_the_mask(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation
) -> None:
    old = os.umask(0o077)
    try:
        storage.create(location)
    finally:
        os.umask(old)
    assert (mode(world.root), mode(storage.locate(location))) == (0o711, 0o700)


def test_create_deeper(storage: LocalFileSystemStorage, ada: SystemAccount) -> None:
    location = WorkspaceLocation("ada/shared/17", ada)
    storage.create(location)
    storage.write(location, "f", [b"1"])
    storage.delete(location)
    assert storage.locate(location).parent.is_dir()
    assert not storage.locate(location).exists()


def test_create_without_user_refused(storage: LocalFileSystemStorage, ada: SystemAccount) -> None:
    with pytest.raises(UnsafePath):
        storage.create(WorkspaceLocation("17", ada))


def test_create_over_file_refused(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    made.rmdir()
    made.touch()
    with pytest.raises(StorageError):
        storage.create(location)


def test_create_by_several_at_once(storage: LocalFileSystemStorage, ada: SystemAccount) -> None:
    start, failures = threading.Barrier(8), list[StorageError]()

    def work(number: int) -> None:
        start.wait(timeout=60)
        try:
            storage.create(WorkspaceLocation(f"ada/{number // 2}", ada))
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    home = storage.locate(WorkspaceLocation("ada/0", ada)).parent
    assert sorted(path.name for path in home.iterdir()) == ["0", "1", "2", "3"]
    assert {path.stat().st_uid for path in (home, *home.iterdir())} == {ada.uid}


@pytest.mark.root
def test_create_again_after_crash_before_the_directory_was_given_away(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation
) -> None:
    (world.root / "ada").mkdir(parents=True, mode=0o700)
    storage.create(location)
    assert (world.root / "ada").stat().st_uid == location.account.uid


@pytest.mark.root
def test_create_takes_no_directory_in_use(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation
) -> None:
    (world.root / "ada").mkdir(parents=True)
    (world.root / "ada" / "kept").touch()
    with pytest.raises(StorageError, match="does not belong to the account"):
        storage.create(location)
    assert (world.root / "ada").stat().st_uid == 0


@pytest.mark.root
def test_create_for_system_account_refused(storage: LocalFileSystemStorage, world: World) -> None:
    root = SystemAccount(name="root", uid=0, gid=0, home=Path("/root"))
    with pytest.raises(NotAllowed):
        storage.create(WorkspaceLocation("root/1", root))
    assert not world.root.exists()


@pytest.mark.root
def test_root_need_not_be_open_to_users(make_storage: MakeStorage, world: World, location: WorkspaceLocation) -> None:
    """Operations use handles: a closed root stops jobs (`check` reports it), but loses no files."""
    storage = make_storage()
    storage.create(location)
    world.root.chmod(0o700)
    storage.write(location, "f", [b"1"])
    assert [entry.path for entry in storage.tree(location)] == ["f"]


def test_delete_before_anything_was_made(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation
) -> None:
    storage.delete(location)
    storage.remove(location, "a")
    assert not world.root.exists()


def test_delete_moved_in_by_operator(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    (made / "f").touch()
    own(made / "f", location.account)
    storage.delete(location)
    assert not made.exists()


def test_locate_below_the_root(storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation) -> None:
    assert storage.locate(location) == world.root / "ada" / "17"


def test_locate_relative_root_below_base(make_storage: MakeStorage, world: World, location: WorkspaceLocation) -> None:
    assert make_storage(root=Path("files")).locate(location) == world.base / "files" / "ada" / "17"
