"""Downloads and uploads of the owner; other users get errors."""

import base64
import io
import zipfile
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

TUS: dict[str, Any] = {"HTTP_TUS_RESUMABLE": "1.0.0"}
NOTE = f"filename {base64.b64encode(b'd/new.bin').decode()}"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    home = home_of(workspace)
    for path in ("a.txt", "d/b.txt", "d/e/c.txt"):
        home.storage.write(home.location, path, [path.encode()])
    return workspace


def body_of(response: object) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    content: bytes = response.getvalue()
    return content


def names_in(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def test_download_a_file(browser: Client, filled: Workspace) -> None:
    response = browser.get(f"/w/{filled.pk}/download/?path=d/b.txt")
    assert body_of(response) == b"d/b.txt"
    assert response["Content-Disposition"] == 'attachment; filename="b.txt"'
    part = browser.get(f"/w/{filled.pk}/download/?path=d/b.txt", HTTP_RANGE="bytes=2-")
    assert (part.status_code, body_of(part)) == (206, b"b.txt")


def test_download_a_folder_and_the_workspace(browser: Client, filled: Workspace) -> None:
    response = browser.get(f"/w/{filled.pk}/download/?path=d")
    assert response["Content-Disposition"] == 'attachment; filename="d.zip"'
    assert names_in(body_of(response)) == {"b.txt": b"d/b.txt", "e/c.txt": b"d/e/c.txt"}
    whole = browser.get(f"/w/{filled.pk}/download/")
    assert whole["Content-Disposition"] == 'attachment; filename="cell-atlas.zip"'
    assert set(names_in(body_of(whole))) == {"a.txt", "d/b.txt", "d/e/c.txt"}


def test_download_selected_files(browser: Client, filled: Workspace) -> None:
    response = browser.post(f"/w/{filled.pk}/download/", {"in": "d", "path": ["d/e", "d/gone"]})
    assert names_in(body_of(response)) == {"e/c.txt": b"d/e/c.txt"}
    chosen = browser.post(f"/w/{filled.pk}/download/", {"in": "", "path": ["a.txt", "d"]})
    assert set(names_in(body_of(chosen))) == {"a.txt", "d/b.txt", "d/e/c.txt"}


@pytest.mark.parametrize(("path", "status"), [("missing", 404), ("../x", 400), ("a%00", 400)])
def test_download_of_a_missing_file(browser: Client, filled: Workspace, path: str, status: int) -> None:
    assert browser.get(f"/w/{filled.pk}/download/?path={path}").status_code == status


def test_upload_in_parts(browser: Client, filled: Workspace) -> None:
    made = browser.post(
        f"/w/{filled.pk}/tus/", content_type="", HTTP_UPLOAD_LENGTH="4", HTTP_UPLOAD_METADATA=NOTE, **TUS
    )
    assert made.status_code == 201
    address = made["Location"]
    assert address.startswith(f"/w/{filled.pk}/tus/")
    kind = "application/offset+octet-stream"
    first = browser.patch(address, b"12", kind, HTTP_UPLOAD_OFFSET="0", **TUS)
    assert (first.status_code, first["Upload-Offset"]) == (204, "2")
    assert browser.head(address, **TUS)["Upload-Offset"] == "2"
    again = browser.patch(address, b"12", kind, HTTP_UPLOAD_OFFSET="0", **TUS)
    assert (again.status_code, again["Tus-Resumable"]) == (409, "1.0.0")
    assert browser.patch(address, b"34", kind, HTTP_UPLOAD_OFFSET="2", **TUS).status_code == 204
    assert body_of(browser.get(f"/w/{filled.pk}/download/?path=d/new.bin")) == b"1234"
    assert browser.delete(address, **TUS).status_code == 204
    assert browser.head(address, **TUS).status_code == 404


def test_upload_errors_are_json(browser: Client, stranger: Client, filled: Workspace) -> None:
    """Errors are JSON with the headers of tus, never pages or redirects."""
    address = f"/w/{filled.pk}/tus/"
    headers = {"HTTP_UPLOAD_LENGTH": "4", "HTTP_UPLOAD_METADATA": NOTE}
    for client, method, path, extra, status in (
        (browser, "POST", address, {}, 412),
        (browser, "POST", address, {**TUS, "HTTP_UPLOAD_LENGTH": "x"}, 400),
        (browser, "POST", address, {**TUS, **headers, "HTTP_UPLOAD_LENGTH": "9" * 17}, 413),
        (browser, "PATCH", f"{address}x/", TUS, 415),
        (browser, "GET", address, TUS, 405),
        (browser, "PUT", f"{address}x/", TUS, 405),
        (stranger, "POST", address, {**TUS, **headers}, 404),
        (Client(), "POST", address, {**TUS, **headers}, 401),
    ):
        response = client.generic(method, path, **extra)
        assert (response.status_code, response["Tus-Resumable"]) == (status, "1.0.0"), path
        assert response.json()["success"] is False
