"""File transfers through a real web process: bounded memory, disconnects and kill -9."""

import base64
import hashlib
import http.client
import io
import json
import os
import select
import signal
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.test_live import is_web_process, peak_memory
from support.live_server import LiveServer, live_server_process
from user_workspaces.plugins.storage.local_file_system.uploads import UPLOADS
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.slow
MEGABYTE = os.urandom(2**20)
MEGABYTES = 200
TUS = {"Tus-Resumable": "1.0.0"}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}
MOST_MEMORY = 40 * 1024
"""Growth in KiB: some chunks of 256 KiB for each transfer, and memory that Python keeps allocated."""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process() as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: LiveServer) -> Iterator[httpx.Client]:
    client_token = server.manage("create_client_token", "portal")
    body = {"client_token": client_token, "user_info": {"username": server.username, "email": "ada@example.org"}}
    token = httpx.post(f"{server.url}/tokens/", json=body).json()["token"]
    with httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {token}"}, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def workspace(ada: httpx.Client) -> int:
    response = ada.post("/workspaces/", json={"name": "live", "description": ""})
    number: int = response.json()["data"]["id"]
    return number


@pytest.fixture
def at(workspace: int) -> str:
    return f"/workspaces/{workspace}/files/"


@pytest.fixture
def folder(server: LiveServer, workspace: int) -> Path:
    """The folder of the workspace on disk."""
    (found,) = server.folder.glob(f"workspaces/*/{workspace}")
    return found


@pytest.fixture(scope="module")
def big(ada: httpx.Client, workspace: int) -> str:
    """A folder with one large file."""
    body = (MEGABYTE for _ in range(MEGABYTES))
    assert ada.put(f"/workspaces/{workspace}/files/big/f.bin", content=body).status_code == 201
    return "big"


def parts_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".uws-part-*") if path.name != UPLOADS]


@pytest.mark.parametrize("with_length", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_large_files_take_little_memory(server: LiveServer, ada: httpx.Client, at: str, *, with_length: bool) -> None:
    before, sent, received = peak_memory(server), hashlib.sha256(), hashlib.sha256()

    def body() -> Iterator[bytes]:
        for _ in range(MEGABYTES):
            sent.update(MEGABYTE)
            yield MEGABYTE

    headers = {"Content-Length": str(MEGABYTES * len(MEGABYTE))} if with_length else {}
    assert ada.put(f"{at}large.bin", content=body(), headers=headers).status_code in {200, 201}
    with ada.stream("GET", f"{at}large.bin") as response:
        for piece in response.iter_bytes():
            received.update(piece)
    assert received.digest() == sent.digest()
    assert peak_memory(server) - before < MOST_MEMORY


@pytest.mark.soak
def test_large_folder_takes_little_memory(
    server: LiveServer, ada: httpx.Client, at: str, big: str, tmp_path: Path
) -> None:
    before, archive = peak_memory(server), tmp_path / "big.zip"
    with archive.open("wb") as file, ada.stream("GET", at + big) as response:
        assert response.headers["Content-Type"] == "application/zip"
        for piece in response.iter_bytes():
            file.write(piece)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert {info.filename: info.file_size for info in opened.infolist()} == {"f.bin": MEGABYTES * len(MEGABYTE)}
    assert peak_memory(server) - before < MOST_MEMORY


def test_range_and_conditional_requests(ada: httpx.Client, at: str) -> None:
    ada.put(f"{at}f", content=b"0123456789")
    response = ada.get(f"{at}f", headers={"Range": "bytes=3-5"})
    assert (response.status_code, response.content, response.headers["Content-Range"]) == (206, b"345", "bytes 3-5/10")
    assert ada.head(f"{at}f").headers["Content-Length"] == "10"
    unchanged = ada.get(f"{at}f", headers={"If-None-Match": response.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("path", ["%FF", "a%C3", "d/%ED%A0%80"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_names_that_are_not_unicode_are_refused(ada: httpx.Client, at: str, method: str, path: str) -> None:
    response = ada.request(method, at + path)
    assert (response.status_code, response.json()["message"]) == (400, "File name must be valid Unicode text.")


@pytest.mark.parametrize("path", ["a%2F..%2Fb", "%2e%2e/x", "..%2Fx"])
def test_double_dots_are_refused_in_any_spelling(server: LiveServer, ada: httpx.Client, at: str, path: str) -> None:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=60)
    connection.request("PUT", at + path, b"x", {"UWS-Authorization": ada.headers["UWS-Authorization"]})
    response = json.load(connection.getresponse())
    assert response == {"success": False, "message": "File name cannot contain double dots."}
    connection.close()


def hang_up(server: LiveServer, ada: httpx.Client, method: str, path: str, head: str, body: bytes) -> None:
    """Send a part of a request and disconnect."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        token = ada.headers["UWS-Authorization"]
        text = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUWS-Authorization: {token}\r\n{head}\r\n\r\n"
        connection.sendall(text.encode() + body)


@pytest.mark.parametrize(
    ("head", "body"),
    [("Content-Length: 10000000", MEGABYTE), ("Transfer-Encoding: chunked", b"100000\r\n" + MEGABYTE + b"\r\n")],
    ids=["length", "chunked"],
)
def test_interrupted_put_leaves_no_file(
    server: LiveServer, ada: httpx.Client, at: str, folder: Path, head: str, body: bytes
) -> None:
    ada.put(f"{at}half", content=b"old")
    hang_up(server, ada, "PUT", f"{at}half", head, body)
    hang_up(server, ada, "PUT", f"{at}never", head, body)
    eventually(lambda: not parts_in(folder))
    assert ada.get(f"{at}half").content == b"old"
    assert ada.get(f"{at}never").status_code == 404


def begin(ada: httpx.Client, workspace: int, name: str, length: int) -> str:
    note = base64.b64encode(name.encode()).decode()
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": f"filename {note}"}
    response = ada.post(f"/workspaces/{workspace}/tus/", headers=headers)
    assert response.status_code == 201, response.text
    location: str = response.headers["Location"]
    return location


def offset_of(ada: httpx.Client, upload: str) -> int:
    return int(ada.head(upload, headers=TUS).headers["Upload-Offset"])


def test_interrupted_patch_resumes_at_the_stored_offset(
    server: LiveServer, ada: httpx.Client, at: str, workspace: int
) -> None:
    upload, content = begin(ada, workspace, "resumed", 4 * len(MEGABYTE)), MEGABYTE * 4
    head = "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
    hang_up(server, ada, "PATCH", upload, f"{head}Content-Length: {len(content)}", content[: 2**21])
    offset = eventually(lambda: offset_of(ada, upload))
    eventually(lambda: patch(ada, upload, content, offset_of(ada, upload)).status_code == 204)
    assert 0 < offset <= 2**21
    assert ada.get(f"{at}resumed").content == content


def patch(ada: httpx.Client, upload: str, content: bytes, offset: int) -> httpx.Response:
    return ada.patch(upload, content=content[offset:], headers={**PATCH, "Upload-Offset": str(offset)})


def test_second_patch_is_refused_while_the_first_runs(server: LiveServer, ada: httpx.Client, workspace: int) -> None:
    upload = begin(ada, workspace, "locked", 10)
    first = started_patch(server, ada, upload)

    def locked() -> httpx.Response | None:
        nonlocal first
        if select.select([first], [], [], 0)[0]:  # it was refused while one of our requests held the lock
            first.close()
            first = started_patch(server, ada, upload)
        response = patch(ada, upload, b"", 0)
        return response if response.status_code == 423 else None

    response = eventually(locked)
    assert response.json()["success"] is False
    first.sendall(b"6\r\n456789\r\n0\r\n\r\n")
    assert first.recv(100).startswith(b"HTTP/1.1 204")
    first.close()
    assert offset_of(ada, upload) == 10


def started_patch(server: LiveServer, ada: httpx.Client, upload: str) -> socket.socket:
    """Start a PATCH with the first four bytes, and return its connection."""
    first = socket.create_connection(("127.0.0.1", server.port))
    head = "\r\n".join(f"{name}: {value}" for name, value in {**PATCH, "Upload-Offset": "0"}.items())
    first.sendall(
        f"PATCH {upload} HTTP/1.1\r\nHost: localhost\r\nUWS-Authorization: {ada.headers['UWS-Authorization']}\r\n"
        f"{head}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n".encode()
    )
    return first


def test_disconnected_client_frees_its_thread(ada: httpx.Client, at: str, big: str) -> None:
    """After many disconnects during large downloads, the next request is served at once."""
    for path in (f"{big}/f.bin", big) * 8:
        with ada.stream("GET", at + path) as response:
            next(response.iter_bytes())
    eventually(lambda: ada.get(f"{at}{big}/f.bin", headers={"Range": "bytes=0-0"}).status_code == 206)


@pytest.mark.soak
def test_slow_transfers_do_not_delay_others(server: LiveServer, ada: httpx.Client, at: str, folder: Path) -> None:
    """While a user's maximum number of transfers stalls, the server responds, and one more transfer gets status 429."""
    token, usage = ada.headers["UWS-Authorization"], list[socket.socket]()
    for number in range(8):
        connection = socket.create_connection(("127.0.0.1", server.port))
        head = f"PUT {at}slow{number} HTTP/1.1\r\nHost: localhost\r\nUWS-Authorization: {token}\r\n"
        connection.sendall(f"{head}Content-Length: 10\r\n\r\n1".encode())
        usage.append(connection)
    try:
        eventually(lambda: len(parts_in(folder)) == 8)
        refused = ada.put(f"{at}one-more", content=b"x")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
        for _ in range(20):
            assert ada.get("/workspaces/").status_code == 200
    finally:
        for connection in usage:
            connection.close()
    eventually(lambda: ada.put(f"{at}one-more", content=b"x").status_code in {200, 201})


@pytest.mark.soak
def test_an_archive_of_many_small_files(ada: httpx.Client, at: str, folder: Path) -> None:
    """Unreadable files are listed, links are not followed, and all other files are included."""
    (folder / "many").mkdir()
    for number in range(2000):
        (folder / "many" / f"é{number}.txt").write_text(str(number))
    (folder / "many" / "link").symlink_to("/etc/passwd")
    with zipfile.ZipFile(io.BytesIO(ada.get(f"{at}many").content)) as archive:
        assert archive.testzip() is None
        assert archive.read("é7.txt") == b"7"
        assert len(archive.namelist()) == 2001
        assert archive.read("not-in-this-archive.txt").decode().startswith("link: a link")


def web_process(server: LiveServer) -> int:
    found = (path for path in Path("/proc").iterdir() if path.name.isdigit() and is_web_process(path, server))
    return int(next(found).name)


def test_upload_resumes_after_a_killed_web_process(server: LiveServer, ada: httpx.Client, workspace: int) -> None:
    """The last test of the module, since the server is not restarted."""
    upload = begin(ada, workspace, "killed", 4 * len(MEGABYTE))
    head = "\r\n".join(f"{name}: {value}" for name, value in {**PATCH, "Upload-Offset": "0"}.items())
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        token = ada.headers["UWS-Authorization"]
        text = f"PATCH {upload} HTTP/1.1\r\nHost: localhost\r\nUWS-Authorization: {token}\r\n{head}\r\n"
        connection.sendall(f"{text}Content-Length: {4 * len(MEGABYTE)}\r\n\r\n".encode() + MEGABYTE * 2)
        waiting = next(
            server.folder.glob(f"workspaces/*/{workspace}/{UPLOADS}/{upload.rstrip('/').rpartition('/')[2]}")
        )
        eventually(lambda: waiting.stat().st_size > 0)
        os.kill(web_process(server), signal.SIGKILL)
    size = waiting.stat().st_size
    assert waiting.read_bytes() == (MEGABYTE * 2)[:size]
