"""Unusual files of sessions, over API and portal: undecodable names, pipes and missing permissions."""

import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from support.live_server import LiveServer, live_server_process

pytestmark = pytest.mark.slow
NAME, TEXT = b"caf\xe9.txt", r"caf\xE9.txt"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process() as running:
        yield running


@pytest.fixture(scope="module")
def portal(server: LiveServer) -> Iterator[httpx.Client]:
    """A logged-in browser."""
    with httpx.Client(base_url=server.url, timeout=60, headers={"Origin": server.url}) as client:
        link = server.manage("login_link", server.username)
        form = client.get(link)
        client.post(link, data={"csrfmiddlewaretoken": TOKEN.findall(form.text)[0]})
        yield client


@pytest.fixture(scope="module")
def ada(server: LiveServer) -> Iterator[httpx.Client]:
    client_token = server.manage("create_client_token", "portal")
    body = {"client_token": client_token, "user_info": {"username": server.username, "email": "ada@example.org"}}
    token = httpx.post(f"{server.url}/tokens/", json=body).json()["token"]
    with httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {token}"}, timeout=60) as client:
        yield client


@pytest.fixture
def workspace(ada: httpx.Client) -> int:
    number: int = ada.post("/workspaces/", json={"name": "odd", "description": ""}).json()["data"]["id"]
    return number


@pytest.fixture
def at(workspace: int) -> str:
    return f"/workspaces/{workspace}/files/"


@pytest.fixture
def folder(server: LiveServer, workspace: int) -> Path:
    """The folder of the workspace on disk."""
    (found,) = server.folder.glob(f"workspaces/*/{workspace}")
    return found


def plant(folder: Path, name: bytes, content: bytes = b"12345") -> Path:
    """Create a file as a session would."""
    made = folder / os.fsdecode(name)
    made.write_bytes(content)
    os.chown(made, folder.stat().st_uid, folder.stat().st_gid)
    return made


def listed(ada: httpx.Client, at: str) -> list[tuple[str, str]]:
    response = ada.get(at)
    response.content.decode()
    return [(entry["path"], entry["type"]) for entry in response.json()["data"]["entries"]]


@pytest.mark.parametrize("path", ["caf%E9.txt", quote(TEXT, safe="")])
def test_api_handles_undecodable_names(ada: httpx.Client, at: str, folder: Path, path: str) -> None:
    """Both the bytes and the listed text address the file."""
    planted = plant(folder, NAME)
    assert listed(ada, at) == [(TEXT, "file")]
    response = ada.get(at + path)
    assert (response.status_code, response.content) == (200, b"12345")
    assert response.headers["Content-Disposition"] == 'attachment; filename="caf_xE9.txt"'
    assert ada.put(at + path, content=b"67", headers={"If-Match": response.headers["ETag"]}).status_code == 200
    assert planted.read_bytes() == b"67"
    moved = ada.post(at, json={"action": "move", "path": TEXT, "new_path": "plain.txt"})
    assert (moved.status_code, listed(ada, at)) == (200, [("plain.txt", "file")])
    plant(folder, NAME)
    assert ada.delete(at + path).status_code == 200
    assert listed(ada, at) == [("plain.txt", "file")]


@pytest.mark.parametrize("path", ["d%FF", quote(r"d\xFF", safe="")])
def test_folders_with_undecodable_names_are_listed(ada: httpx.Client, at: str, folder: Path, path: str) -> None:
    inner = folder / os.fsdecode(b"d\xff")
    inner.mkdir()
    os.chown(inner, folder.stat().st_uid, folder.stat().st_gid)
    plant(inner, NAME)
    assert listed(ada, f"{at}?path={path}") == [(rf"d\xFF/{TEXT}", "file")]


def test_archives_keep_undecodable_names(ada: httpx.Client, workspace: int, at: str, folder: Path) -> None:
    plant(folder, NAME)
    response = ada.get(at + "d") if ada.post(at, json={"action": "make_directory", "path": "d"}) else None
    assert response is not None
    plant(folder / "d", b"\xff")
    with zipfile.ZipFile(io.BytesIO(ada.get(at + "d").content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"_xFF": b"12345"}


@pytest.mark.parametrize("name", [NAME, b"line\nbreak", b"a\\..\\up", b"pipe"])
def test_portal_deletes_unusual_files(portal: httpx.Client, workspace: int, folder: Path, name: bytes) -> None:
    """Forms normalize line breaks, so they cannot send such a name unchanged."""
    if name == b"pipe":
        os.mkfifo(folder / "pipe")
        os.chown(folder / "pipe", folder.stat().st_uid, folder.stat().st_gid)
    else:
        plant(folder, name)
    page = portal.get(f"/w/{workspace}/files/").text
    (path,) = re.findall(r'name="path"\s+value="([^"]+)"', page)
    body = {"csrfmiddlewaretoken": TOKEN.findall(page)[0], "path": path.replace("\n", "\r\n")}
    asked = portal.post(f"/w/{workspace}/remove/", data=body)
    assert "gone already" not in asked.text
    (again,) = re.findall(r'name="path"\s+value="([^"]+)"', asked.text)
    portal.post(f"/w/{workspace}/remove/", data={**body, "path": again.replace("\n", "\r\n"), "sure": "1"})
    assert list(folder.iterdir()) == []


def test_pipes_are_listed_and_never_opened(ada: httpx.Client, portal: httpx.Client, at: str, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    os.chown(folder / "pipe", folder.stat().st_uid, folder.stat().st_gid)
    plant(folder, b"f")
    assert listed(ada, at) == [("f", "file"), ("pipe", "fifo")]
    response = ada.get(at + "pipe")
    assert response.status_code == 409
    assert response.json()["message"] == "pipe: This is a fifo, not a regular file, and cannot be read here."
    page = portal.get(at.replace("/workspaces/", "/w/"))
    assert "named pipe" in page.text
    archive = portal.get(at.replace("/workspaces/", "/w/").replace("files", "download"))
    with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
        assert opened.namelist() == ["f", "not-in-this-archive.txt"]
        assert opened.read("not-in-this-archive.txt") == b"pipe: a named pipe, which has no content\n"
    assert ada.delete(at + "pipe").status_code == 200


def test_files_without_permission_are_forbidden(ada: httpx.Client, portal: httpx.Client, at: str, folder: Path) -> None:
    """The permissions of the user deny access, which is neither a disk error nor a server error."""
    for path in ("f.txt", "closed/f", "fixed/f"):
        ada.put(at + path, content=b"1")
    (folder / "f.txt").chmod(0o000)
    (folder / "closed").chmod(0o000)
    (folder / "fixed").chmod(0o500)
    said = {
        "f.txt: You do not have permission to read this file.": ada.get(f"{at}f.txt"),
        "closed: You do not have permission to list this folder.": ada.get(f"{at}?path=closed"),
        "fixed/g: You do not have permission to change the folder that contains it.": ada.put(
            f"{at}fixed/g", content=b"1"
        ),
        "fixed/f: You do not have permission to change the folder that contains it.": ada.delete(f"{at}fixed/f"),
    }
    assert {message: (response.status_code, response.json()["message"]) for message, response in said.items()} == {
        message: (403, message) for message in said
    }
    pages = at.replace("/workspaces/", "/w/").removesuffix("files/")
    for page in ("preview/?path=f.txt", "download/?path=f.txt"):
        response = portal.get(pages + page)
        assert (response.status_code, "You do not have permission to read this file" in response.text) == (403, True)
    assert "You do not have permission to list this folder" in portal.get(f"{pages}files/?in=closed").text
    with zipfile.ZipFile(io.BytesIO(portal.get(f"{pages}download/").content)) as opened:
        left_out = opened.read("not-in-this-archive.txt").decode().splitlines()
    assert left_out == [
        "f.txt: f.txt: You do not have permission to read this file.",
        "closed: You do not have permission to list this folder.",
    ]
