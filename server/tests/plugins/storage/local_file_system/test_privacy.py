"""Files that the server creates for a user are private, whatever the server's umask."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import IS_ROOT, World
from user_workspaces.interfaces.values import SystemAccount, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


@pytest.fixture(autouse=True, params=[0, 0o022])
def _mask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes_below(top: Path) -> dict[str, int]:
    found = {str(path.relative_to(top)): path.lstat() for path in top.rglob("*")}
    return {
        name: stat.S_IMODE(status.st_mode) & 0o077 for name, status in found.items() if not stat.S_ISLNK(status.st_mode)
    }


def make_everything(storage: LocalFileSystemStorage, location: WorkspaceLocation, dataset: str) -> None:
    """Do all that makes files: writes, folders, uploads, copies, links."""
    storage.create(location)
    storage.write(location, "a/b/list", [b"1"])
    storage.write(location, "a/b/stream", iter([b"1", b"2"]))
    storage.make_directory(location, "folder/inner")
    storage.copy_file(location, "a/b/list", location, "copies/list", most=10)
    storage.link(location, "links/survey", dataset)
    for path, sent in (("up/whole", b"12"), ("up/half", b"1")):
        upload = storage.begin_upload(location, path, length=2)
        storage.append(location, upload.id, 0, iter([sent]))


def test_nothing_that_is_made_is_open_to_others(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation, dataset: str
) -> None:
    make_everything(storage, location, dataset)
    storage.create(WorkspaceLocation("ada/.runs/1/secrets", location.account))
    found = modes_below(world.root)
    assert len(found) > 15
    assert set(found.values()) == {0}
    assert stat.S_IMODE(world.root.stat().st_mode) & 0o066 == 0  # to be passed through, not to be listed


def test_copy_for_another_user_is_open_to_that_user_only(
    storage: LocalFileSystemStorage,
    world: World,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    dataset: str,
) -> None:
    make_everything(storage, location, dataset)
    for path in storage.locate(location).rglob("*"):
        if not path.is_symlink():
            path.chmod(0o777)
    storage.copy(location, other_location, progress=lambda _: None)
    found = modes_below(world.root / "bob")
    assert set(found.values()) == {0}
    assert {"18/a/b/list", "18/up/whole"} <= set(found)
    assert os.access(storage.locate(other_location) / "a" / "b" / "list", os.X_OK)  # a program stays one


@pytest.mark.root
@pytest.mark.skipif(not IS_ROOT, reason="needs two accounts")
def test_another_account_reads_nothing(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation, bob: SystemAccount, dataset: str
) -> None:
    """Not even in a folder that its owner has opened by mistake."""
    make_everything(storage, location, dataset)
    for folder in (storage.locate(location).parent, storage.locate(location)):
        folder.chmod(0o755)
    command = ["find", str(world.root / "ada"), "-type", "f", "-readable"]
    tried = subprocess.run(
        command, check=False, capture_output=True, text=True, user=bob.uid, group=bob.gid, extra_groups=[]
    )
    assert tried.stdout == ""
