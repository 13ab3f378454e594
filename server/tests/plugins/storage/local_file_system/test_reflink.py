"""Copies that share their blocks where the file system can, and are copies in any case."""

import errno
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from user_workspaces.plugins.storage.local_file_system import reflink

CONTENT = os.urandom(3 * 1024 * 1024 + 17)
IMAGE_BYTES = 512 * 1024 * 1024


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[int, int]]:
    yield from opened(tmp_path)


def opened(folder: Path) -> Iterator[tuple[int, int]]:
    """Give a file with content, open for reading, and an empty one beside it."""
    (folder / "old").write_bytes(CONTENT)
    old, new = os.open(folder / "old", os.O_RDONLY), os.open(folder / "new", os.O_RDWR | os.O_CREAT)
    yield old, new
    os.close(old)
    os.close(new)


def content_of(handle: int) -> bytes:
    return os.pread(handle, 2 * len(CONTENT), 0)


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def test_copy_has_the_content_and_is_independent(files: tuple[int, int]) -> None:
    old, new = files
    assert reflink.clone_or_copy(old, new, most=len(CONTENT)) == len(CONTENT)
    assert content_of(new) == CONTENT
    assert os.fstat(old).st_ino != os.fstat(new).st_ino
    os.pwrite(new, b"changed", 0)
    assert content_of(old) == CONTENT


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.EPERM])
def test_file_is_copied_where_blocks_cannot_be_shared(
    files: tuple[int, int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    old, new = files
    monkeypatch.setattr(fcntl, "ioctl", failing(number))
    assert reflink.clone_or_copy(old, new, most=len(CONTENT)) == len(CONTENT)
    assert content_of(new) == CONTENT


def test_file_is_sent_where_the_kernel_cannot_copy(files: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = files
    monkeypatch.setattr(fcntl, "ioctl", failing(errno.EOPNOTSUPP))
    monkeypatch.setattr(os, "copy_file_range", failing(errno.EXDEV))
    monkeypatch.setattr(reflink, "_PIECE", 1_000_003)
    assert reflink.clone_or_copy(old, new, most=len(CONTENT)) == len(CONTENT)
    assert content_of(new) == CONTENT


@pytest.mark.parametrize("name", ["ioctl", "copy_file_range"])
def test_full_disk_is_reported(files: tuple[int, int], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    old, new = files
    monkeypatch.setattr(fcntl, "ioctl", failing(errno.ENOSPC if name == "ioctl" else errno.EOPNOTSUPP))
    monkeypatch.setattr(os, "copy_file_range", failing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        reflink.clone_or_copy(old, new, most=len(CONTENT))


def test_no_more_is_copied_than_was_asked_for(files: tuple[int, int]) -> None:
    old, new = files
    assert reflink.clone_or_copy(old, new, most=5) == 5
    assert content_of(new) == CONTENT[:5]


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[Path]:
    """A file system that can share blocks."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it mounts a file system")
    maker = shutil.which("mkfs.btrfs") or shutil.which("mkfs.xfs")
    if maker is None:
        pytest.skip("there is neither mkfs.btrfs nor mkfs.xfs here: sharing of blocks is not tried on a real one")
    image, location = tmp_path / "image", Path(tempfile.mkdtemp(prefix="uws-sharing-"))
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run([maker, "-q", image], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, location], check=False, capture_output=True, text=True)
    if mounted.returncode:
        location.rmdir()
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield location
    subprocess.run(["umount", location], check=True)
    location.rmdir()


def test_on_a_file_system_that_can_the_blocks_are_shared_until_one_is_written(sharing: Path) -> None:
    for old, new in opened(sharing):
        os.fsync(old)
        before = os.statvfs(sharing).f_bavail
        assert reflink.is_cloned(old, new)
        os.fsync(new)
        spent = (before - os.statvfs(sharing).f_bavail) * os.statvfs(sharing).f_frsize
        assert spent < len(CONTENT) / 2
        assert content_of(new) == CONTENT
        os.pwrite(new, b"changed", 0)
        assert content_of(old) == CONTENT
        os.ftruncate(new, 0)
        assert reflink.clone_or_copy(old, new, most=100_001) == 100_001
        assert content_of(new) == CONTENT[:100_001]
