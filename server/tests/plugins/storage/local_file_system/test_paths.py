"""Paths become open directories without a link, and never leave the place that they start from."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.storage.local_file_system.worlds import open_handles
from support.budget import budget
from user_workspaces.errors import UnsafePath
from user_workspaces.plugins.storage.local_file_system.paths import (
    closing,
    is_empty,
    is_link,
    open_below,
    parse_path,
    status_of,
)


def test_parse_path_components() -> None:
    assert parse_path("a/b..c/..d/.e/é") == ["a", "b..c", "..d", ".e", "é"]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "A path cannot be empty."),
        ("a/../b", "A path cannot contain double dots."),
        ("a/.", "A path cannot contain a single dot as a name."),
        ("/a", "A path cannot begin with a slash: it is relative to the workspace."),
        ("a/", "A path cannot contain two slashes in a row or end with a slash."),
        ("a\0", "A path cannot contain a null character."),
        ("é" * 128, "This name is too long."),
        ("a/" * 2048, "This path is too long."),
        ("\udcff", "A path must be valid Unicode."),
        (".uws-part-1", "Names that begin with .uws-part- are reserved for unfinished files."),
    ],
)
def test_parse_path_says_what_is_wrong(path: str, problem: str) -> None:
    with pytest.raises(UnsafePath) as caught:
        parse_path(path)
    assert caught.value.message.endswith(f": {problem}")
    assert len(caught.value.message) < 400
    caught.value.message.encode()


@given(st.text(st.characters(exclude_categories=()) | st.sampled_from("/.\0"), max_size=40))
def test_parse_path_accepts_only_what_stays_below(path: str) -> None:
    try:
        names = parse_path(path)
    except UnsafePath:
        return
    assert "/".join(names) == path
    assert Path(os.path.normpath(f"/w/{path}")).is_relative_to("/w")
    assert os.path.normpath(f"/w/{path}") == f"/w/{path}"


@settings(max_examples=budget(50, full=200))
@given(st.lists(st.sampled_from(["..", ".", "", "a", "up", "out", "d", "..a"]), min_size=1, max_size=6))
def test_open_below_never_leaves(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    top = tmp_path_factory.getbasetemp() / "below"
    if not top.exists():
        (top / "a" / "d").mkdir(parents=True)
        (top / "up").symlink_to("..")
        (top / "a" / "out").symlink_to("/etc")
    with closing(os.open(top, os.O_PATH)) as start:
        try:
            handle = open_below(start, parse_path("/".join(names)))
        except (UnsafePath, FileNotFoundError):
            return
        with closing(handle):
            assert Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(top)


def test_open_below_makes_directories(tmp_path: Path) -> None:
    with closing(os.open(tmp_path, os.O_PATH)) as start:
        os.close(open_below(start, ["a", "b"], make=True))
        os.close(open_below(start, ["a", "b"], make=True))
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("make", [True, False])
def test_open_below_link_refused(tmp_path: Path, make: bool) -> None:  # noqa: FBT001  a parameter of the test
    (tmp_path / "real").mkdir()
    (tmp_path / "l").symlink_to("real")
    with closing(os.open(tmp_path, os.O_PATH)) as start, pytest.raises(UnsafePath):
        open_below(start, ["l", "x"], make=make)
    assert list((tmp_path / "real").iterdir()) == []


def test_open_below_file_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with closing(os.open(tmp_path, os.O_PATH)) as start:
        with pytest.raises(FileNotFoundError):
            open_below(start, ["f", "x"])
        with pytest.raises(NotADirectoryError):
            open_below(start, ["f", "x"], make=True)


def test_open_below_leaks_no_handle(tmp_path: Path) -> None:
    with closing(os.open(tmp_path, os.O_PATH)) as start:
        before = open_handles()
        for _ in range(5):
            with pytest.raises(FileNotFoundError):
                open_below(start, ["x", "y"])
        assert open_handles() == before


def test_status_of_link_itself(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("/etc")
    with closing(os.open(tmp_path, os.O_RDONLY)) as parent:
        assert is_link(parent, "l")
        assert not is_link(parent, "missing")
        assert status_of(parent, "missing") is None
        assert not is_empty(parent)
