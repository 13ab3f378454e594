"""The API over a socket, with a real web process, controller and resource."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.multipart import BOUNDARY, CONTENT_TYPE, form, part
from support.live_server import LiveServer, live_server_process
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.slow
MEGABYTE = b"\0" * 2**20


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
    details = {"files": [{"name": "a/b.txt", "content": "hello"}]}
    response = ada.post("/workspaces/", json={"name": "live", "description": "", "workspace_details": details})
    number: int = response.json()["data"]["workspace"]["id"]
    return number


def test_a_job_runs_to_its_end(server: LiveServer, ada: httpx.Client, workspace: int) -> None:
    response = ada.put(f"/workspaces/{workspace}/start", json={"job_type": "local_test", "resource_options": {}})
    assert response.json()["message"] == "Successful start."
    number = response.json()["data"]["job"]["id"]
    job = eventually(lambda: in_status(ada, number, "running"))
    assert job["resource_job_id"] > 0
    assert job["job_details"]["current_job_details"]["message"] == "Running."
    assert job["job_details"]["current_job_details"]["time_left"] > 0
    log = f"LocalTest_{number}_output.log"
    folder = server.folder / "workspaces" / server.username / str(workspace)
    eventually((folder / log).is_file)  # a job is "running" before its script creates the log
    assert ada.delete(f"/workspaces/{workspace}/").status_code == 400
    assert ada.put(f"/jobs/{number}/stop").json()["message"] == "Job queued to stop."
    ended = eventually(lambda: in_status(ada, number, "complete"))
    assert ended["job_details"]["current_job_details"] == {"message": "Stopped."}
    eventually(lambda: f"/{log}" in names(ada, workspace))
    assert "/a/b.txt" in names(ada, workspace)


def test_large_upload_takes_little_memory(server: LiveServer, ada: httpx.Client, workspace: int) -> None:
    before = peak_memory(server)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="big.bin"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(head) + 128 * len(MEGABYTE) + len(tail)
    connection = http.client.HTTPConnection("localhost", server.port, timeout=120)
    connection.putrequest("PUT", f"/workspaces/{workspace}/upload/")
    for name, value in (("Content-Type", CONTENT_TYPE), ("Content-Length", str(length))):
        connection.putheader(name, value)
    connection.putheader("UWS-Authorization", ada.headers["UWS-Authorization"])
    connection.endheaders()
    connection.send(head)
    for _ in range(128):
        connection.send(MEGABYTE)
    connection.send(tail)
    assert json.load(connection.getresponse())["message"] == "Successful upload."
    connection.close()
    assert peak_memory(server) - before < 40 * 1024
    eventually(lambda: "/big.bin" in names(ada, workspace))


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary*=bogus''x", "x; a*=b''c"])
def test_invalid_content_type_is_refused(ada: httpx.Client, workspace: int, content_type: str) -> None:
    for path in (f"/workspaces/{workspace}/upload", "/tokens/", f"/workspaces/{workspace}/"):
        method = "POST" if path == "/tokens/" else "PUT"
        headers = {"Content-Type": content_type}
        response = ada.request(method, path, content=b"{}", headers=headers)
        assert response.status_code < 500
        assert response.json()["success"] is (response.status_code < 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/workspaces", "/workspaces/", "/jobs/1", "/nothing", "/status", "/workspaces/1/upload/"]
)
def test_no_path_is_redirected(ada: httpx.Client, method: str, path: str) -> None:
    response = ada.request(method, path, content=b'{"x": 1}')
    assert response.status_code in {200, 400, 401, 404, 405}
    assert isinstance(response.json()["message"], str)


@pytest.mark.parametrize("method", ["TRACE", "BREW", "PROPFIND"])
def test_unknown_method_is_refused_as_json(ada: httpx.Client, method: str) -> None:
    response = ada.request(method, "/workspaces/")
    assert (response.status_code, response.headers["Content-Type"]) == (405, "application/json")
    assert response.json() == {"success": False, "message": "This method is not allowed."}


def test_upload_outside_of_the_workspace_is_refused(ada: httpx.Client, workspace: int) -> None:
    body = form(part("../../escaped.txt", b"x"))
    response = ada.put(f"/workspaces/{workspace}/upload/", content=body, headers={"Content-Type": CONTENT_TYPE})
    assert (response.status_code, response.json()["message"]) == (400, "File name cannot contain double dots.")


def in_chunks(*parts: bytes) -> Iterator[bytes]:
    """Yield a body of unknown length."""
    yield from parts


def test_a_body_without_a_length_is_read(ada: httpx.Client) -> None:
    made = ada.post("/workspaces/", content=in_chunks(b'{"name": "chunked", ', b'"description": "in parts"}'))
    assert made.status_code == 200, made.text
    number = made.json()["data"]["id"]
    ada.put(f"/workspaces/{number}", content=in_chunks(b'{"description": "changed"}'))
    shown = ada.get(f"/workspaces/{number}/").json()["data"]["workspaces"][0]
    assert (shown["name"], shown["description"]) == ("chunked", "changed")


def test_a_form_without_a_length_is_refused(ada: httpx.Client, workspace: int) -> None:
    content = in_chunks(form(part("chunked.txt", b"x")))
    response = ada.put(f"/workspaces/{workspace}/upload/", content=content, headers={"Content-Type": CONTENT_TYPE})
    assert (response.status_code, response.json()["message"]) == (400, "Content-Length is required for form uploads.")


def test_interrupted_upload_causes_no_server_error(server: LiveServer, ada: httpx.Client, workspace: int) -> None:
    before = server.log()
    token = ada.headers["UWS-Authorization"]
    head = f"PUT /workspaces/{workspace}/upload/ HTTP/1.1\r\nHost: localhost\r\nUWS-Authorization: {token}\r\n"
    kind = f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: 100000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}{kind}".encode() + form(part("half.txt", b"x"))[:-10])
    assert ada.get(f"/workspaces/{workspace}/files/half.txt").status_code == 404
    assert "Traceback" not in server.log().removeprefix(before)


def test_header_with_an_underscore_is_dropped(ada: httpx.Client, server: LiveServer) -> None:
    headers = {"UWS_Authorization": ada.headers["UWS-Authorization"]}
    assert httpx.get(f"{server.url}/quotas/", headers=headers).status_code == 401
    assert ada.get("/quotas/", headers={"UWS_Authorization": "Token x"}).status_code == 200


def test_preflight_from_another_origin_is_not_allowed(ada: httpx.Client) -> None:
    headers = {"Origin": "https://evil.example.org", "Access-Control-Request-Method": "PUT"}
    response = ada.options("/workspaces/", headers=headers)
    assert "Access-Control-Allow-Origin" not in response.headers


def test_forced_deletion_includes_jobs(ada: httpx.Client) -> None:
    made = ada.post("/workspaces/", json={"name": "short", "description": "", "default_job_type": "local_test"})
    number = made.json()["data"]["id"]
    ada.put(f"/workspaces/{number}/start/", json={})
    assert ada.delete(f"/workspaces/{number}/?force=true").status_code == 200
    eventually(lambda: ada.get(f"/workspaces/{number}/").json()["data"]["workspaces"] == [])
    statuses = {job["status"] for job in ada.get(f"/jobs/?workspace_id={number}").json()["data"]["jobs"]}
    assert statuses == {"complete"}


def test_logs_contain_no_secrets(server: LiveServer, ada: httpx.Client) -> None:
    assert ada.headers["UWS-Authorization"].split()[1] not in server.log()
    assert "Traceback" not in server.log()


def in_status(client: httpx.Client, number: int, status: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = client.get(f"/jobs/{number}").json()["data"]["jobs"]
    return found[0] if found[0]["status"] == status else None


def names(client: httpx.Client, number: int) -> list[str]:
    shown = client.get(f"/workspaces/{number}/").json()["data"]["workspaces"][0]
    return [file["name"] for file in shown["workspace_details"]["current_workspace_details"]["files"]]


def peak_memory(server: LiveServer) -> int:
    """Return the peak memory of the web process in KiB."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and is_web_process(process, server):
            status = (process / "status").read_text()
            return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    raise AssertionError("the web process is gone")


def is_web_process(process: Path, server: LiveServer) -> bool:
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
        return b"runserver" in arguments and f"UWS_PORT={server.port}\0".encode() in (process / "environ").read_bytes()
    except OSError:
        return False
