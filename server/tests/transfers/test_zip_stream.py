"""Zip archives made while they are sent, read with Python's `zipfile` and with Info-ZIP."""

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from user_workspaces.accounts.models import User
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.transfers import zip_stream as zipping
from user_workspaces.transfers.zip_stream import LEFT_OUT, SENT_AT_ONCE, zip_stream
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

WHEN = datetime(2024, 2, 29, 13, 37, 42, tzinfo=UTC)
GIBIBYTE = 2**30
MUCH = os.urandom(SENT_AT_ONCE)
"""Large enough, even compressed, to be sent before the next file is opened."""


@pytest.fixture
def workspace(make_user: Callable[[], User], workspace_of: Callable[..., Workspace]) -> Workspace:
    return workspace_of(make_user())


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    home = home_of(workspace)
    return home.storage.locate(home.location)


def write(workspace: Workspace, **files: bytes) -> None:
    home = home_of(workspace)
    for path, content in files.items():
        home.storage.write(home.location, path, [content])


def opened(pieces: Iterator[bytes]) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    return archive


def test_folder_with_its_content(workspace: Workspace, folder: Path) -> None:
    write(workspace, **{"d/a.txt": b"1", "d/.dot/é😀": b"2" * 100_000, "other": b"x"})
    (folder / "d" / "empty").mkdir()
    os.utime(folder / "d" / "a.txt", (WHEN.timestamp(), WHEN.timestamp()))
    with opened(zip_stream(workspace, "d")) as archive:
        assert archive.namelist() == [".dot/", ".dot/é😀", "a.txt", "empty/"]
        assert archive.read(".dot/é😀") == b"2" * 100_000
        assert archive.getinfo("a.txt").date_time == (2024, 2, 29, 13, 37, 42)
        assert archive.getinfo("empty/").is_dir()
        assert archive.getinfo("a.txt").external_attr >> 16 == 0o100644
    with opened(zip_stream(workspace, "")) as archive:
        assert "d/a.txt" in archive.namelist()


def test_whole_workspace_is_without_installed_packages(workspace: Workspace) -> None:
    write(workspace, **{".environment/base/x": b"1", ".environmental": b"2", "d/.environment/y": b"3"})
    with opened(zip_stream(workspace, "")) as archive:
        assert archive.namelist() == [".environmental", "d/", "d/.environment/", "d/.environment/y", LEFT_OUT]
        assert archive.read(LEFT_OUT).startswith(b".environment: installed packages;")
    with opened(zip_stream(workspace, ".environment")) as archive:
        assert archive.namelist() == ["base/", "base/x"]
    with opened(zip_stream(workspace, "", names=[".environment"])) as archive:
        assert ".environment/base/x" in archive.namelist()


def test_empty_folder(workspace: Workspace) -> None:
    with opened(zip_stream(workspace, "")) as archive:
        assert archive.namelist() == []


def test_many_small_files_are_sent_together(workspace: Workspace) -> None:
    """Otherwise each file would be three or four pieces."""
    write(workspace, **{f"f{number:03}": b"x" * 10 for number in range(300)})
    assert len(list(zip_stream(workspace, ""))) <= 2


def test_number_of_queries_does_not_depend_on_files(
    workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    write(workspace, **{f"f{number:03}": b"x" for number in range(50)})
    with django_assert_max_num_queries(10), opened(zip_stream(workspace, "")) as archive:
        assert len(archive.namelist()) == 50


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs Info-ZIP")
def test_other_programs_read_it(workspace: Workspace, tmp_path: Path) -> None:
    write(workspace, **{"d/é.txt": b"one", "d/e/two.txt": b"two"})
    path = tmp_path / "a.zip"
    path.write_bytes(b"".join(zip_stream(workspace, "d")))
    subprocess.run(["unzip", "-q", str(path), "-d", str(tmp_path)], check=True, env={"LC_ALL": "C.UTF-8"})
    assert (tmp_path / "e" / "two.txt").read_text() == "two"
    assert (tmp_path / "é.txt").read_text() == "one"


def test_links_and_unreadable_files_are_named(workspace: Workspace, folder: Path) -> None:
    write(workspace, a=b"1", b=b"2", z=b"3")
    (folder / "l").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"no-\xff-utf8")).write_text("x")
    with opened(zip_stream(workspace, "")) as archive:
        assert archive.namelist() == ["a", "b", "no-_xFF-utf8", "z", LEFT_OUT]
        note = archive.read(LEFT_OUT).decode()
    assert [line.partition(":")[0] for line in note.splitlines()] == ["l", "pipe", "up"]


def test_files_that_vanish_are_left_out(workspace: Workspace, folder: Path) -> None:
    """The names are read at once; the files are removed while the archive is sent."""
    write(workspace, **{"f00": MUCH, **{f"f{number:02}": b"x" * 10 for number in range(1, 50)}})
    pieces, sent = zip_stream(workspace, ""), list[bytes]()
    sent.append(next(pieces))
    for number in range(1, 50, 2):
        (folder / f"f{number:02}").unlink()
    sent += list(pieces)
    with opened(iter(sent)) as archive:
        assert archive.namelist() == [*(f"f{number:02}" for number in range(0, 50, 2)), LEFT_OUT]


def test_files_that_grow_or_shrink_are_cut(workspace: Workspace, folder: Path) -> None:
    write(workspace, a=MUCH, grows=b"1" * 1000, shrinks=b"2" * 1000)
    pieces = zip_stream(workspace, "")
    sent = [next(pieces)]
    with (folder / "grows").open("ab") as file:
        file.write(b"9" * 10_000_000)
    (folder / "shrinks").write_bytes(b"2")
    with opened(iter([*sent, *pieces])) as archive:
        assert archive.read("grows") == b"1" * 1000
        assert archive.read("shrinks") == b"2"


def test_chosen_entries_only(workspace: Workspace) -> None:
    write(workspace, **{"d/a": b"1", "d/e/b": b"2", "d/c": b"3"})
    with opened(zip_stream(workspace, "d", names=["e", "c", "gone"])) as archive:
        assert archive.namelist() == ["e/", "e/b", "c"]


def test_names_with_backslashes_are_made_safe(workspace: Workspace) -> None:
    write(workspace, **{"..\\..\\x": b"1", "C:\\y": b"2"})
    with opened(zip_stream(workspace, "")) as archive:
        assert archive.namelist() == [".._.._x", "C:_y"]


def entry(path: str, size: int, when: datetime = WHEN) -> Entry:
    return Entry(path, EntryKind.FILE, size, when)


@pytest.mark.parametrize("year", [1, 1970, 1979, 1980, 2107, 2108, 9999])
def test_times_beyond_what_the_format_has(year: int) -> None:
    archive = zipping._Archive()
    when = datetime(year, 6, 1, tzinfo=UTC)
    with opened(iter([*archive.add(entry("f", 1, when), "f", iter([b"x"])), *archive.end()])) as read:
        assert read.infolist()[0].date_time[0] == min(max(year, 1980), 2107)


@pytest.mark.slow
def test_more_files_than_sixteen_bits_count() -> None:
    archive, pieces = zipping._Archive(), list[bytes]()
    for number in range(70_000):
        pieces += archive.add(entry("f", 0), f"f{number}", iter(()))
    with zipfile.ZipFile(io.BytesIO(b"".join([*pieces, *archive.end()]))) as read:
        assert len(read.namelist()) == 70_000
        assert read.read("f69999") == b""


@pytest.mark.soak
@pytest.mark.slow
def test_larger_than_thirty_two_bits_count(tmp_path: Path) -> None:
    """A file of more than four gibibytes, with others before and after it."""
    archive, path, size = zipping._Archive(), tmp_path / "large.zip", 4 * GIBIBYTE + 5
    zeros = (bytes(2**20) for _ in range(4096))

    def content() -> Iterator[bytes]:
        yield from zeros
        yield b"12345"

    with path.open("wb") as file:
        for name, length, pieces in (("a", 1, iter([b"a"])), ("big", size, content()), ("z", 1, iter([b"z"]))):
            file.writelines(archive.add(entry(name, length), name, pieces))
        file.writelines(archive.end())
    with zipfile.ZipFile(path) as read:
        assert {info.filename: info.file_size for info in read.infolist()} == {"a": 1, "big": size, "z": 1}
        assert (read.read("a"), read.read("z")) == (b"a", b"z")


def test_offsets_beyond_thirty_two_bits(tmp_path: Path) -> None:
    """A file after five gibibytes, which are a hole in the archive, is found."""
    archive, path = zipping._Archive(), tmp_path / "far.zip"
    archive._offset = 5 * GIBIBYTE
    with path.open("wb") as file:
        file.seek(5 * GIBIBYTE)
        file.writelines(archive.add(entry("far", 3), "far", iter([b"far"])))
        file.writelines(archive.end())
    with zipfile.ZipFile(path) as read:
        assert read.read("far") == b"far"
        assert read.infolist()[0].header_offset == 5 * GIBIBYTE
