"""The health of the storage: what is wrong is said, without telling paths."""

import subprocess
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import IS_ROOT, MakeStorage, World
from user_workspaces.interfaces.values import Health


def test_check_makes_the_root(make_storage: MakeStorage, world: World) -> None:
    assert make_storage().check() == Health(connected=True)
    assert world.root.is_dir()


def test_check_root_is_a_file(make_storage: MakeStorage, world: World) -> None:
    world.root.touch()
    health = make_storage().check()
    assert not health.connected
    assert str(world.base) not in health.message


def test_check_root_cannot_be_made(make_storage: MakeStorage, world: World) -> None:
    health = make_storage(root=Path("/proc/nowhere/root")).check()
    assert health == Health(connected=False, message="The storage has no root directory: No such file or directory.")


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_check_root_not_writable(make_storage: MakeStorage, world: World) -> None:
    world.root.mkdir(mode=0o500)
    health = make_storage().check()
    assert health.message == "The storage's root directory is not writable for the server."


@pytest.mark.root
@pytest.mark.parametrize(("depth", "said"), [(0, "The storage's root cannot"), (2, "The directory 2 levels above")])
def test_check_users_cannot_pass(make_storage: MakeStorage, world: World, depth: int, said: str) -> None:
    root = world.base / "one" / "two" / "three"
    root.mkdir(parents=True)
    [root, *root.parents][depth].chmod(0o700)
    health = make_storage(root=root).check()
    assert not health.connected
    assert health.message.startswith(said)


@pytest.mark.root
@pytest.mark.parametrize(("options", "said"), [("ro", "not writable"), ("nr_inodes=1", "full")])
def test_check_disk_of_no_use(make_storage: MakeStorage, world: World, options: str, said: str) -> None:
    world.root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=755,{options}", "tmpfs", world.root], check=True)
    try:
        health = make_storage().check()
    finally:
        subprocess.run(["umount", "--lazy", world.root], check=True)
    assert not health.connected
    assert said in health.message
