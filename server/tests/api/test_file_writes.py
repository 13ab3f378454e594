"""Writing, moving and deleting files over the API, with preconditions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.conftest import Caller
from api.contents import changes_of, paths_in, plant_link, write
from api.raw import send
from user_workspaces.registry import Registry
from user_workspaces.testing.failing_storages import StorageThatFailsOnWrite
from user_workspaces.testing.fake_storage import FakeStorageOptions
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def at(workspace: Workspace) -> str:
    """The files route of Ada's workspace."""
    return f"/workspaces/{workspace.pk}/files/"


def test_put_creates_and_replaces(ada: Caller, workspace: Workspace, at: str) -> None:
    before = changes_of(workspace)
    made = send(ada, "PUT", f"{at}new/deep/f.txt", CONTENT)
    assert (made.status, made.json["message"], made.json["data"]["entry"]["size"]) == (201, "Saved.", 1024)
    replaced = send(ada, "PUT", f"{at}new/deep/f.txt", b"2")
    assert (replaced.status, replaced.headers["ETag"]) == (200, replaced.json["data"]["entry"]["etag"])
    assert send(ada, "GET", f"{at}new/deep/f.txt").content == b"2"
    assert changes_of(workspace) == before + 4  # the start of each write counts, too
    assert send(ada, "PUT", f"{at}empty").status == 201


def test_put_with_preconditions(ada: Caller, workspace: Workspace, at: str) -> None:
    etag = send(ada, "PUT", f"{at}f", b"1", If_None_Match="*").headers["ETag"]
    for headers in (
        {"If_None_Match": "*"},
        {"If_None_Match": etag},
        {"If_Match": '"x"'},
    ):
        refused = send(ada, "PUT", f"{at}f", b"2", **headers)
        assert (refused.status, refused.json["success"]) == (412, False)
    assert send(ada, "PUT", f"{at}g", b"2", If_Match="*").status == 412
    assert send(ada, "PUT", f"{at}g", b"2", If_Match=etag).status == 412
    newer = send(ada, "PUT", f"{at}f", b"2", If_Match=etag)
    assert newer.status == 200
    assert send(ada, "PUT", f"{at}f", b"3", If_Match=etag).status == 412
    assert send(ada, "DELETE", f"{at}f", If_Match=etag).status == 412
    assert send(ada, "DELETE", f"{at}f", If_Match=newer.headers["ETag"]).status == 200
    assert paths_in(workspace) == []


@pytest.mark.parametrize(
    ("headers", "status"), [({"Content_Range": "bytes 0-1/2"}, 400), ({"Content_Encoding": "gzip"}, 415)]
)
def test_partial_put_is_refused(
    ada: Caller, workspace: Workspace, at: str, headers: dict[str, Any], status: int
) -> None:
    assert send(ada, "PUT", f"{at}f", b"1", **headers).status == status
    assert paths_in(workspace) == []


def test_put_over_a_folder_or_below_a_file_is_refused(ada: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "d/f")
    for path in ("d", "d/f/x"):
        for headers in ({}, {"If_Match": "*"}, {"If_None_Match": "*"}):
            assert send(ada, "PUT", at + path, b"1", **headers).status in {409, 412}
    assert send(ada, "PUT", f"{at}d/", b"1").status == 400
    assert paths_in(workspace) == ["d", "d/f"]


def test_put_on_a_full_disk_is_refused(ada: Caller, workspace: Workspace, at: str, site: Registry) -> None:
    full = StorageThatFailsOnWrite(site.storages.get(workspace.storage).context, FakeStorageOptions())
    full.create(home_of(workspace).location)
    site.storages.add(workspace.storage, full)
    response = send(ada, "PUT", f"{at}f", b"1")
    assert (response.status, response.json["message"]) == (507, "The disk is full.")
    assert ada("GET", at).body["data"]["entries"] == []


def test_delete_file_link_and_folder(ada: Caller, workspace: Workspace, at: str) -> None:
    for path in ("a", "d/b", "d/e/c", "kept"):
        write(workspace, path)
    plant_link(workspace, "l", "/etc")
    before = changes_of(workspace)
    for path in ("a", "d/", "l"):
        assert send(ada, "DELETE", at + path).json["message"] == "Deleted."
        assert send(ada, "DELETE", at + path).status == 404
    assert send(ada, "DELETE", f"{at}kept/").status == 404
    assert paths_in(workspace) == ["kept"]
    assert Path("/etc/passwd").exists()
    assert changes_of(workspace) >= before + 3


def test_move_and_make_directory(ada: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "a")
    write(workspace, "b")
    made = ada("POST", at, {"action": "make_directory", "path": "new/inner"})
    assert made.body["data"]["entry"]["type"] == "directory"
    moved = ada("POST", at, {"action": "move", "path": "a", "new_path": "/new/a"})
    assert (moved.status, moved.body["data"]["entry"]["path"]) == (200, "new/a")
    for body, status in (
        ({"action": "make_directory", "path": "new"}, 409),
        ({"action": "move", "path": "missing", "new_path": "x"}, 404),
        ({"action": "move", "path": "b", "new_path": "new/a"}, 409),
        ({"action": "move", "path": "b", "new_path": "new", "overwrite": True}, 409),
        ({"action": "move", "path": "new", "new_path": "new/inner/new"}, 409),
        ({"action": "move", "path": "b", "new_path": "../b"}, 400),
        ({"action": "move", "path": "b"}, 400),
        ({"action": "move", "path": "b", "new_path": "c", "overwrite": "yes"}, 400),
        ({"action": "copy", "path": "b", "new_path": "c"}, 400),
        ({"action": 7, "path": "b"}, 400),
        ({"action": "make_directory", "path": ["x"]}, 400),
        ({}, 400),
    ):
        assert ada("POST", at, body).status == status, body
    assert ada("POST", at, {"action": "move", "path": "b", "new_path": "new/a", "overwrite": True}).status == 200
    assert paths_in(workspace) == ["new", "new/a", "new/inner"]


@pytest.mark.parametrize("status", ["initializing", "deleting", "error"])
def test_file_requests_require_a_usable_workspace(ada: Caller, workspace: Workspace, at: str, status: str) -> None:
    write(workspace, "f")
    Workspace.objects.filter(pk=workspace.pk).update(status=status)
    tus: dict[str, Any] = {"Tus_Resumable": "1.0.0", "Upload_Length": "1", "Upload_Metadata": "filename Zg=="}
    for method, path in (("GET", at), ("GET", f"{at}f"), ("PUT", f"{at}f"), ("DELETE", f"{at}f")):
        response = send(ada, method, path)
        assert (response.status, status in response.json["message"]) == (400, True)
    assert ada("POST", at, {"action": "make_directory", "path": "d"}).status == 400
    assert send(ada, "POST", at.replace("files", "tus"), **tus).status == 400
    assert paths_in(workspace) == ["f"]


def test_other_users_are_refused(call: Callable[..., Caller], anonymous: Caller, workspace: Workspace, at: str) -> None:
    write(workspace, "f", b"secret")
    mallory = call("mallory")
    never = at.replace(str(workspace.pk), str(workspace.pk + 1000))
    for method, path, body in (
        ("GET", "", b""),
        ("GET", "f", b""),
        ("GET", "missing", b""),
        ("GET", "?path=f", b""),
        ("PUT", "f", b"mine"),
        ("DELETE", "f", b""),
        ("POST", "", b'{"action": "move", "path": "f", "new_path": "g"}'),
        ("POST", "", b'{"action": "make_directory", "path": "g"}'),
    ):
        theirs, unknown = send(mallory, method, at + path, body), send(mallory, method, never + path, body)
        assert theirs.json == {"success": False, "message": f"Workspace {workspace.pk} not found for user."}
        assert (theirs.status, unknown.status) == (404, 404)
        assert send(anonymous, method, at + path, body).status == 401
    assert paths_in(workspace) == ["f"]


def test_simultaneous_transfers_are_limited(
    ada: Caller, workspace: Workspace, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.transfers.slots.MOST_AT_ONCE", 0)
    write(workspace, "f")
    for method, path in (("GET", "f"), ("PUT", "g"), ("GET", "")):
        response = send(ada, method, at + path)
        assert response.status == (429 if path else 200)
