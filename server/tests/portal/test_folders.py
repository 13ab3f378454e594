"""A flat list of names as folders."""

from user_workspaces.portal.folders import Folder, Leaf, list_folder

CURRENT = {
    "files": [{"name": name} for name in ("/b.txt", "/A.txt", "/data/x.csv", "/data/raw/y.csv", "/database/z")],
    "symlinks": [{"name": "/data/atlas"}],
}


def test_list_folder_at_the_top() -> None:
    listing = list_folder(CURRENT, folder="")
    assert listing.folders == (Folder("data", "data", 3), Folder("database", "database", 1))
    assert listing.leaves == (Leaf("A.txt", "A.txt", is_dataset=False), Leaf("b.txt", "b.txt", is_dataset=False))
    assert listing.trail == ()


def test_list_folder_below_takes_no_folder_of_a_similar_name() -> None:
    listing = list_folder(CURRENT, folder="/data/")
    assert listing.path == "data"
    assert [folder.path for folder in listing.folders] == ["data/raw"]
    assert listing.leaves == (
        Leaf("atlas", "data/atlas", is_dataset=True),
        Leaf("x.csv", "data/x.csv", is_dataset=False),
    )


def test_list_folder_gives_the_way_back() -> None:
    assert [folder.path for folder in list_folder(CURRENT, folder="data/raw").trail] == ["data", "data/raw"]


def test_list_folder_that_is_not_there_is_empty() -> None:
    listing = list_folder(CURRENT, folder="../../etc")
    assert (listing.path, listing.folders, listing.leaves) == ("etc", (), ())


def test_list_folder_searches_at_any_depth() -> None:
    assert [leaf.path for leaf in list_folder(CURRENT, folder="", search="CSV").leaves] == [
        "data/raw/y.csv",
        "data/x.csv",
    ]


def test_list_folder_of_nothing() -> None:
    assert list_folder({}, folder="").leaves == ()
