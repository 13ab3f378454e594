"""Listing and downloading files over the API."""

import pytest

from api.conftest import Caller
from api.contents import plant_link, write
from api.raw import send
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def at(workspace: Workspace) -> str:
    """The files route of Ada's workspace."""
    return f"/workspaces/{workspace.pk}/files/"


def test_list_one_folder(ada: Caller, workspace: Workspace, at: str) -> None:
    for path in ("b", "a/x", "a/.hidden", "a/deep/y", "é ü"):
        write(workspace, path, b"12345")
    found = ada("GET", f"{at}?path=a").body["data"]
    assert (found["path"], found["total"], found["next"], found["previous"]) == ("a", 3, None, None)
    shown = [(entry["name"], entry["path"], entry["type"], entry["size"]) for entry in found["entries"]]
    assert shown == [
        (".hidden", "a/.hidden", "file", 5),
        ("deep", "a/deep", "directory", 0),
        ("x", "a/x", "file", 5),
    ]
    assert [entry["name"] for entry in ada("GET", at).body["data"]["entries"]] == ["a", "b", "é ü"]
    assert ada("GET", f"{at.rstrip('/')}?path=/a/").body["data"] == found


def test_list_in_pages(ada: Caller, workspace: Workspace, at: str) -> None:
    for number in range(5):
        write(workspace, f"d/{number}")
    names, following = [], f"{at}?path=d&limit=2"
    while following:
        data = ada("GET", following).body["data"]
        names += [entry["name"] for entry in data["entries"]]
        assert data["total"] == 5
        following = data["next"]
    assert names == ["0", "1", "2", "3", "4"]
    last = ada("GET", f"{at}?path=d&limit=2&offset=4").body["data"]
    assert last["previous"] == f"{at}?path=d&limit=2&offset=2"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("path=missing", 404),
        ("path=b", 404),
        ("path=l", 400),
        ("path=../..", 400),
        ("path=%00", 400),
        ("path=" + "n" * 5000, 400),
        ("path=%FF", 404),
        ("limit=-1", 400),
        ("offset=x", 400),
    ],
)
def test_invalid_listing_is_refused(ada: Caller, workspace: Workspace, at: str, query: str, status: int) -> None:
    write(workspace, "b")
    plant_link(workspace, "l", "/etc")
    assert ada("GET", f"{at}?{query}").status == status


@pytest.mark.parametrize("path", ["l", "l/passwd", "up", "up/x"])
def test_links_are_not_followed(ada: Caller, workspace: Workspace, at: str, path: str) -> None:
    plant_link(workspace, "l", "/etc")
    plant_link(workspace, "up", "..")
    assert send(ada, "GET", at + path).status in {400, 404}
    if "/" in path:
        for method in ("PUT", "DELETE"):
            assert send(ada, method, at + path, b"x").status in {400, 404}
        body = {"action": "make_directory", "path": path}
        assert ada("POST", at, body).status == 400
    listed = {entry["name"]: entry["type"] for entry in ada("GET", at).body["data"]["entries"]}
    assert listed == {"l": EntryKind.LINK, "up": EntryKind.LINK}
