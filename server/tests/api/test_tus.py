"""Resumable uploads by tus 1.0.0: https://tus.io/protocols/resumable-upload"""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from api.conftest import Caller
from api.raw import Raw, send
from user_workspaces.transfers.tus import EXTENSIONS
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of
from user_workspaces.workspaces.uploads import LARGEST_UPLOAD

pytestmark = pytest.mark.django_db
CONTENT = b"0123456789"
TYPE = "application/offset+octet-stream"


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


@pytest.fixture
def at(workspace: Workspace) -> str:
    return f"/workspaces/{workspace.pk}/tus/"


def tus(caller: Caller, method: str, path: str, body: bytes = b"", **headers: str) -> Raw:
    """Send a tus request, and check that the response, even an error, has the headers of tus."""
    response = send(caller, method, path, body, **{"Tus_Resumable": "1.0.0", **headers})
    assert response.headers["Tus-Resumable"] == "1.0.0"
    if response.status in {201, 204}:
        assert "Content-Type" not in response.headers or response.json["success"]
    elif response.status >= 400 and method != "HEAD":
        assert not response.json["success"]
    return response


def begin(caller: Caller, at: str, name: str = "d/f.bin", length: int = len(CONTENT)) -> str:
    made = tus(caller, "POST", at, Upload_Length=str(length), Upload_Metadata=metadata(filename=name))
    assert made.status == 201
    location: str = made.headers["Location"]
    return location


def patch(caller: Caller, upload: str, body: bytes, offset: int, **headers: str) -> Raw:
    return tus(caller, "PATCH", upload, body, **{"Upload_Offset": str(offset), "Content_Type": TYPE, **headers})


def content_of(workspace: Workspace, path: str = "d/f.bin") -> bytes:
    home = home_of(workspace)
    with home.storage.open(home.location, path) as file:
        return file.read()


def paths_in(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def test_options_list_capabilities(ada: Caller, at: str) -> None:
    for path in (at, at.rstrip("/"), f"{at}x/"):
        response = send(ada, "OPTIONS", path)  # the only request that may omit the version
        assert response.status == 204
        assert response.headers["Tus-Version"] == "1.0.0"
        assert response.headers["Tus-Max-Size"] == str(LARGEST_UPLOAD)
        assert response.headers["Tus-Extension"] == EXTENSIONS == "creation,termination,expiration"


def test_complete_upload(ada: Caller, workspace: Workspace, at: str) -> None:
    note = metadata(filename="d/é f.bin", filetype="text/plain") + ",flag"
    made = tus(ada, "POST", at, Upload_Length="10", Upload_Metadata=note)
    upload = made.headers["Location"]
    assert (made.status, upload.startswith(at)) == (201, True)
    assert made.headers["Upload-Expires"].endswith(" GMT")
    head = tus(ada, "HEAD", upload)
    assert (head.status, head.content, head.headers["Cache-Control"]) == (200, b"", "no-store")
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("0", "10")
    assert head.headers["Upload-Metadata"] == note
    first = patch(ada, upload, CONTENT[:4], 0)
    assert (first.status, first.content, first.headers["Upload-Offset"]) == (204, b"", "4")
    assert "Upload-Expires" in first.headers
    assert paths_in(workspace) == []
    assert tus(ada, "HEAD", upload).headers["Upload-Offset"] == "4"
    last = patch(ada, upload.rstrip("/"), CONTENT[4:], 4)
    assert (last.status, last.headers["Upload-Offset"], "Upload-Expires" in last.headers) == (204, "10", False)
    assert content_of(workspace, "d/é f.bin") == CONTENT
    assert tus(ada, "HEAD", upload).headers["Upload-Offset"] == "10"
    workspace.refresh_from_db()
    assert workspace.changes >= 4


def test_an_empty_file_needs_no_patch(ada: Caller, workspace: Workspace, at: str) -> None:
    upload = begin(ada, at, length=0)
    assert content_of(workspace) == b""
    assert tus(ada, "HEAD", upload).headers["Upload-Offset"] == "0"
    assert patch(ada, upload, b"", 0).status == 204


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.0 ", "2.0.0", "x"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_other_protocol_version_is_refused(ada: Caller, at: str, method: str, version: str) -> None:
    upload = begin(ada, at)
    headers: dict[str, Any] = {"Upload_Length": "1", "Upload_Offset": "0", "Content_Type": TYPE}
    response = tus(ada, method, at if method == "POST" else upload, **{**headers, "Tus_Resumable": version})
    expected = 412 if version.strip() != "1.0.0" else response.status
    assert response.status == expected
    if expected == 412:
        assert response.headers["Tus-Version"] == "1.0.0"


CREATIONS: dict[str, tuple[dict[str, Any], int]] = {
    "no length": ({"Upload_Metadata": metadata(filename="f")}, 400),
    "deferred length": ({"Upload_Defer_Length": "1", "Upload_Metadata": metadata(filename="f")}, 400),
    "negative": ({"Upload_Length": "-1", "Upload_Metadata": metadata(filename="f")}, 400),
    "no number": ({"Upload_Length": "ten", "Upload_Metadata": metadata(filename="f")}, 400),
    "plus": ({"Upload_Length": "+1", "Upload_Metadata": metadata(filename="f")}, 400),
    "digits of others": ({"Upload_Length": "\u0663", "Upload_Metadata": metadata(filename="f")}, 400),
    "endless number": ({"Upload_Length": "9" * 500, "Upload_Metadata": metadata(filename="f")}, 400),
    "too large": ({"Upload_Length": str(LARGEST_UPLOAD + 1), "Upload_Metadata": metadata(filename="f")}, 413),
    "no metadata": ({"Upload_Length": "1"}, 400),
    "no filename": ({"Upload_Length": "1", "Upload_Metadata": metadata(name="f")}, 400),
    "no value": ({"Upload_Length": "1", "Upload_Metadata": "filename"}, 400),
    "no base64": ({"Upload_Length": "1", "Upload_Metadata": "filename !!"}, 400),
    "no utf-8": ({"Upload_Length": "1", "Upload_Metadata": "filename //8="}, 400),
    "twice": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="f") + ",filename Zw=="}, 400),
    "three words": ({"Upload_Length": "1", "Upload_Metadata": "filename Zg== Zg=="}, 400),
    "double dots": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="../f")}, 400),
    "nul": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="a\0b")}, 400),
    "only dots": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="./.")}, 400),
    "long name": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="n" * 5000)}, 400),
    "long metadata": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="f", more="x" * 40_000)}, 400),
    "our own parts": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename=".uws-part-uploads/x")}, 400),
    "over a folder": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="folder")}, 409),
    "below a file": ({"Upload_Length": "1", "Upload_Metadata": metadata(filename="file/x")}, 409),
    "more than there is room": ({"Upload_Length": str(2**40), "Upload_Metadata": metadata(filename="f")}, 507),
}


@pytest.mark.parametrize("case", CREATIONS)
def test_invalid_creations_are_refused(ada: Caller, workspace: Workspace, at: str, case: str) -> None:
    home, (headers, status) = home_of(workspace), CREATIONS[case]
    home.storage.make_directory(home.location, "folder")
    home.storage.write(home.location, "file", [b""])
    response = tus(ada, "POST", at, **headers)
    assert response.status == status, response.content
    assert "Location" not in response.headers
    if case == "double dots":
        assert response.json["message"] == "File name cannot contain double dots."
    assert paths_in(workspace) == ["file", "folder"]


PATCHES: dict[str, tuple[dict[str, str], bytes, int]] = {
    "no offset": ({"Content_Type": TYPE}, b"x", 400),
    "no number": ({"Content_Type": TYPE, "Upload_Offset": "x"}, b"x", 400),
    "behind": ({"Content_Type": TYPE, "Upload_Offset": "3"}, b"x", 409),
    "ahead": ({"Content_Type": TYPE, "Upload_Offset": "5"}, b"x", 409),
    "beyond the end": ({"Content_Type": TYPE, "Upload_Offset": "11"}, b"x", 409),
    "no type": ({"Upload_Offset": "4"}, b"x", 415),
    "another type": ({"Content_Type": "application/json", "Upload_Offset": "4"}, b"x", 415),
    "packed": ({"Content_Type": TYPE, "Upload_Offset": "4", "Content_Encoding": "gzip"}, b"x", 415),
    "too much": ({"Content_Type": TYPE, "Upload_Offset": "4"}, CONTENT, 413),
}


@pytest.mark.parametrize("case", PATCHES)
def test_invalid_patches_are_refused(ada: Caller, workspace: Workspace, at: str, case: str) -> None:
    upload, (headers, body, status) = begin(ada, at), PATCHES[case]
    patch(ada, upload, CONTENT[:4], 0)
    assert tus(ada, "PATCH", upload, body, **headers).status == status
    assert tus(ada, "HEAD", upload).headers["Upload-Offset"] == "4"
    assert patch(ada, upload, CONTENT[4:], 4).status == 204
    assert content_of(workspace) == CONTENT


def test_completed_upload_takes_no_more_bytes(ada: Caller, workspace: Workspace, at: str) -> None:
    upload = begin(ada, at)
    patch(ada, upload, CONTENT, 0)
    assert patch(ada, upload, b"", 10).status == 204
    assert patch(ada, upload, b"x", 10).status == 413
    assert patch(ada, upload, b"x", 0).status == 409
    assert content_of(workspace) == CONTENT


def test_cancelled_upload_is_deleted(ada: Caller, workspace: Workspace, at: str) -> None:
    upload = begin(ada, at)
    patch(ada, upload, CONTENT[:4], 0)
    assert tus(ada, "DELETE", upload).status == 204
    for method in ("HEAD", "DELETE", "PATCH"):
        response = tus(ada, method, upload, Upload_Offset="4", Content_Type=TYPE)
        assert (response.status, "Upload-Offset" in response.headers) == (404, False)
    assert paths_in(workspace) == []


@pytest.mark.parametrize("upload_id", ["x", "0" * 32, "..", "%2e%2e", "0" * 5000, "%00", "a.json", "%F0%9F%98%80"])
def test_unknown_upload_ids_are_not_found(ada: Caller, at: str, upload_id: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        response = tus(ada, method, f"{at}{upload_id}", Upload_Offset="0", Content_Type=TYPE)
        assert response.status == 404


def test_method_override_header_is_supported(ada: Caller, workspace: Workspace, at: str) -> None:
    upload = begin(ada, at)
    named = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": "0", "Content_Type": TYPE}
    assert tus(ada, "POST", upload, CONTENT[:4], **named).status == 204
    assert tus(ada, "POST", upload, X_HTTP_Method_Override="DELETE").status == 204
    assert tus(ada, "POST", upload, X_HTTP_Method_Override="DELETE").status == 404
    assert tus(ada, "POST", upload, X_HTTP_Method_Override="BREW").status == 405


def test_two_uploads_of_one_name(ada: Caller, workspace: Workspace, at: str) -> None:
    first, second = begin(ada, at), begin(ada, at)
    patch(ada, first, CONTENT[:4], 0)
    patch(ada, second, CONTENT[::-1], 0)
    assert content_of(workspace) == CONTENT[::-1]
    patch(ada, first, CONTENT[4:], 4)
    assert content_of(workspace) == CONTENT


def test_other_users_find_nothing(call: Callable[..., Caller], anonymous: Caller, ada: Caller, at: str) -> None:
    upload, mallory = begin(ada, at), call("mallory")
    headers: dict[str, Any] = {"Upload_Length": "1", "Upload_Metadata": metadata(filename="f"), "Upload_Offset": "0"}
    for method, path in (("POST", at), ("HEAD", upload), ("PATCH", upload), ("DELETE", upload)):
        assert tus(mallory, method, path, Content_Type=TYPE, **headers).status == 404
        assert tus(anonymous, method, path, Content_Type=TYPE, **headers).status == 401
    assert tus(ada, "HEAD", upload).headers["Upload-Offset"] == "0"


def test_upload_id_is_valid_in_its_workspace_only(
    ada: Caller, workspace_of: Callable[..., Workspace], at: str, workspace: Workspace
) -> None:
    other = workspace_of(ada.user, "other")
    elsewhere = begin(ada, at).replace(f"/{workspace.pk}/", f"/{other.pk}/", 1)
    assert tus(ada, "HEAD", elsewhere).status == 404
