"""`PUT /workspaces/{id}/upload/`: several files with their directories, and unsafe names."""

import pytest

from api.conftest import Caller, content
from api.multipart import BOUNDARY, CONTENT_TYPE, form, part
from user_workspaces.transfers.slots import TransferSlot, running
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_files_are_uploaded_with_their_directories(ada: Caller, workspace: Workspace) -> None:
    body = form(part("a/b/c.txt", b"1" * 3_000_000), part("/d.bin", b"\0\xff"), part("x.txt", b"", field="x[]"))
    response = ada("PUT", f"/workspaces/{workspace.pk}/upload", body, content_type=CONTENT_TYPE)
    assert (response.status, response.message) == (200, "Successful upload.")
    assert content(workspace, "a/b/c.txt") == b"1" * 3_000_000
    assert content(workspace, "d.bin") == b"\0\xff"
    assert content(workspace, "x.txt") == b""


NAMES = ["../a", "a/../../b", "..", "a/..", "..\\a", "/", "a\0b", "x" * 5000]


@pytest.mark.parametrize("name", NAMES)
def test_upload_with_an_unsafe_name_writes_no_file(ada: Caller, workspace: Workspace, name: str) -> None:
    body = form(part("good.txt", b"1"), part(name, b"2"))
    response = ada("PUT", f"/workspaces/{workspace.pk}/upload/", body, content_type=CONTENT_TYPE)
    assert response.status == 400
    home = home_of(workspace)
    assert [entry.path for entry in home.storage.tree(home.location)] == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", CONTENT_TYPE), (form(), CONTENT_TYPE), (b"{}", "application/json"), (b"", "application/json"),
        (b"x", "text/plain"), (b"", ""), (form(part("", b"1")), CONTENT_TYPE),
        (form(part("", b"1", disposition='form-data; name="a"')), CONTENT_TYPE),
    ],
)  # fmt: skip
def test_upload_without_files_is_refused(ada: Caller, workspace: Workspace, body: bytes, content_type: str) -> None:
    response = ada("PUT", f"/workspaces/{workspace.pk}/upload/", body, content_type=content_type)
    assert (response.status, response.message) == (400, "No files found in request.")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"garbage", "multipart/form-data"), (b"garbage", "multipart/form-data; boundary="),
        (b"garbage", "multipart/form-data; boundary=" + "x" * 300), (b"garbage", CONTENT_TYPE),
        (form(part("a", b"1"))[:-20], CONTENT_TYPE), (b"\xff" * 1000, CONTENT_TYPE),
        (form(part("", b"1", disposition="form-data; name=a; filename*=bogus''a")), CONTENT_TYPE),
        (form(part("", b"1", disposition="form-data; name=a; filename*=UTF-8''%ff%00")), CONTENT_TYPE),
        (form(part("", b"1", disposition="form-data; filename=a")), CONTENT_TYPE),
        (f"--{BOUNDARY}\r\n".encode() * 5000, CONTENT_TYPE),
        (b"x", "multipart/form-data; boundary=\xe9"), (b"x", "multipart/form-data; charset=nope; boundary=x"),
    ],
)  # fmt: skip
def test_malformed_upload_is_refused(ada: Caller, workspace: Workspace, body: bytes, content_type: str) -> None:
    assert ada("PUT", f"/workspaces/{workspace.pk}/upload/", body, content_type=content_type).status in {200, 400}


def test_simultaneous_uploads_of_a_user_are_limited(
    ada: Caller, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.transfers.slots.MOST_AT_ONCE", 1)
    body = form(part("a.txt", b"x"))
    with TransferSlot(workspace.owner_id):
        refused = ada("PUT", f"/workspaces/{workspace.pk}/upload/", body, content_type=CONTENT_TYPE)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
    for _ in range(2):
        assert ada("PUT", f"/workspaces/{workspace.pk}/upload/", body, content_type=CONTENT_TYPE).status == 200
    assert running() == {}
