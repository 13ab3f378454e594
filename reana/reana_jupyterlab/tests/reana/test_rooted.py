"""No access outside the root by names, links or races."""

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reana_jupyterlab.reana.errors import BadRequest, Conflict, LocalFailure, NotFound, ReanaError
from reana_jupyterlab.reana.rooted import NewFile, Root, parts_of


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.yaml").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
def root(tmp_path: Path, outside: Path) -> Iterator[Root]:
    folder = tmp_path / "root"
    (folder / "inside/deep").mkdir(parents=True)
    (folder / "inside/file.txt").write_text("content", encoding="utf-8")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
    yield Root(folder)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - no descriptor is left open


def test_file_is_read(root: Root) -> None:
    assert root.read_text("inside/file.txt", limit=100) == "content"
    assert root.read_text("./inside//file.txt", limit=100) == "content"


@pytest.mark.parametrize("path", ["..", "../outside", "/etc/passwd", "a/../../b", "a\0b", "x" * 300])
def test_path_that_could_lead_out_is_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        parts_of(path)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("{outside}", "link/secret.yaml"),
        ("../outside", "link/secret.yaml"),
        ("{outside}/secret.yaml", "link"),
        ("inside/../../outside", "link/secret.yaml"),
        ("link", "link/secret.yaml"),
        ("/", "link/etc/passwd"),
    ],
)
def test_link_that_leads_out_is_not_followed(root: Root, outside: Path, target: str, path: str) -> None:
    (root.path / "link").symlink_to(target.format(outside=outside))
    with pytest.raises(NotFound):
        root.read_text(path, limit=100)
    assert root.kind(path) == ""
    assert "link" not in {entry.name for entry in root.entries("")}


@pytest.mark.parametrize("target", ["inside", "{root}/inside", "inside/deep/..", "./inside/./"])
def test_link_that_stays_within_is_followed(root: Root, target: str) -> None:
    (root.path / "link").symlink_to(target.format(root=root.path))
    (root.path / "file-link").symlink_to("inside/file.txt")
    assert root.read_text("link/file.txt", limit=100) == root.read_text("file-link", limit=100) == "content"
    assert {entry.name: entry.kind for entry in root.entries("")} == {
        "inside": "directory",
        "link": "directory",
        "file-link": "file",
    }


def test_root_itself_may_be_behind_a_link(root: Root, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(root.path)
    assert Root(tmp_path / "linked").read_text("inside/file.txt", limit=100) == "content"


def test_pipe_or_device_is_not_a_file(root: Root) -> None:
    os.mkfifo(root.path / "pipe")
    with pytest.raises(BadRequest):
        root.read_text("pipe", limit=10)
    assert root.kind("pipe") == ""


def test_file_appears_only_when_it_is_whole(root: Root) -> None:
    with NewFile(root, "new/deep/a.txt") as new:
        new.write(b"half")
        assert not (root.path / "new/deep/a.txt").exists()
        new.write(b" and half")
        new.keep()
    assert {path.name: path.read_bytes() for path in (root.path / "new/deep").iterdir()} == {"a.txt": b"half and half"}


def test_file_that_is_not_kept_leaves_nothing(root: Root) -> None:
    with pytest.raises(RuntimeError), NewFile(root, "new/a.txt") as new:
        new.write(b"half")
        raise RuntimeError
    assert list((root.path / "new").iterdir()) == []


def test_writing_follows_no_link_at_all(root: Root, outside: Path) -> None:
    (root.path / "link").symlink_to(outside)
    (root.path / "own").symlink_to("inside")
    for path in ("link/new.txt", "own/new.txt"):
        with pytest.raises(ReanaError), NewFile(root, path):
            pass
    (root.path / "file").symlink_to(outside / "secret.yaml")
    with pytest.raises(Conflict), NewFile(root, "file"):
        pass
    assert (outside / "secret.yaml").read_text(encoding="utf-8") == "secret"
    assert [path.name for path in outside.iterdir()] == ["secret.yaml"]


def test_existing_file_is_kept_on_request(root: Root) -> None:
    with pytest.raises(Conflict), NewFile(root, "inside/file.txt", overwrite=False):
        pass
    with NewFile(root, "inside/new.txt", overwrite=False) as new:
        (root.path / "inside/new.txt").write_text("somebody was faster", encoding="utf-8")
        with pytest.raises(Conflict):
            new.keep()
    assert (root.path / "inside/new.txt").read_text(encoding="utf-8") == "somebody was faster"


def test_full_disk_is_reported_and_leaves_nothing(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(LocalFailure, match="disk is full") as caught, NewFile(root, "new/a.txt") as new:
        monkeypatch.setattr(os, "write", full)
        new.write(b"x")
    assert (caught.value.is_full, list((root.path / "new").iterdir())) == (True, [])


def test_race_between_a_folder_and_a_link_never_leads_out(root: Root, outside: Path) -> None:
    folder, aside, link = root.path / "swap", root.path / "aside", root.path / "link"
    folder.mkdir()
    (folder / "secret.yaml").write_text("harmless", encoding="utf-8")
    link.symlink_to(outside)
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            for old, new in ((folder, aside), (link, folder), (folder, link), (aside, folder)):
                # The writer may have made the folder anew in between: then the round begins again.
                with suppress(OSError):
                    old.rename(new)
            if aside.exists():
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):
                    aside.rename(folder)

    swapping = threading.Thread(target=swap)
    swapping.start()
    read = set()
    try:
        for number in range(1500):
            try:
                read.add(root.read_text("swap/secret.yaml", limit=100))
                with NewFile(root, f"swap/{number}.txt") as new:
                    new.keep()
            except ReanaError:
                pass
    finally:
        is_over.set()
        swapping.join()
    assert read <= {"harmless"}
    assert [path.name for path in outside.iterdir()] == ["secret.yaml"]
