"""Search in file names."""

import pytest

from user_workspaces.portal.files.search import find_names

CURRENT = {
    "files": [{"name": name} for name in ("/b.txt", "/A.txt", "/data/x.csv", "/data/raw/y.csv", "/database/z")],
    "symlinks": [{"name": "/data/atlas"}],
}


@pytest.mark.parametrize(
    ("folder", "search", "expected"),
    [
        ("", "CSV", ("data/raw/y.csv", "data/x.csv")),
        ("", "a", ("A.txt", "data/atlas", "data/raw/y.csv", "data/x.csv", "database/z")),
        ("data", "a", ("data/atlas", "data/raw/y.csv")),
        ("data", "z", ()),
        ("data", "data", ()),
        ("missing", "x", ()),
    ],
)
def test_find_names(folder: str, search: str, expected: tuple[str, ...]) -> None:
    assert find_names(CURRENT, folder=folder, search=search) == expected


def test_find_names_of_nothing() -> None:
    assert find_names({}, folder="", search="x") == ()
