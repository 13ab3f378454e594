"""Clients that upload, share and delete continuously, and record the server's responses."""

import base64
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

from support.server_process import Caller

PIECE = 64 * 1024
PAUSE = 0.01
"""Seconds between two chunks, so that uploads are in progress when a process is killed."""
TUS = {"Tus-Resumable": "1.0.0"}
AGAIN = {httpx.codes.CONFLICT, httpx.codes.LOCKED, httpx.codes.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class Sent:
    """A file that was sent; `acknowledged`: the server confirmed it."""

    workspace: int
    name: str
    digest: str
    acknowledged: bool


@dataclass
class ChaosLog:
    """A record of all events."""

    sent: list[Sent] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    """Workspaces whose deletion was requested; the server may not have received it."""
    offered: dict[int, int] = field(default_factory=dict)
    """The original workspace of each confirmed share."""
    broken: int = 0
    """Number of interrupted requests."""
    surprises: list[str] = field(default_factory=list)
    """Unexpected responses."""
    stock: list[int] = field(default_factory=list)
    """Prepared workspaces to offer: few can be created between two kills."""

    def __str__(self) -> str:
        files, offers, deletions = len(self.sent), len(self.offered), len(self.deleted)
        return f"{files} files, {offers} copies, {deletions} deletions, {self.broken} requests that broke off"


class ServerError(Exception):
    """An unexpected response, which is recorded."""


@dataclass
class ChaosClient:
    """A client that repeats one action until the end."""

    caller: Caller
    memory: ChaosLog
    chance: random.Random
    over: threading.Event

    def repeat(self, act: Callable[[], None]) -> None:
        """Repeat the action until the end; interruptions are counted."""
        while not self.over.is_set():
            try:
                act()
                time.sleep(self.chance.random() / 5)
            except ServerError:
                pass
            except httpx.TransportError as error:
                self.note_disconnect(error)

    def note_disconnect(self, error: httpx.TransportError) -> None:
        """Pause: the server may be down."""
        self.memory.broken += not isinstance(error, httpx.ConnectError)
        time.sleep(0.2)

    def call(self, method: str, path: str, **request: object) -> httpx.Response:
        """Send a request; server errors are recorded."""
        response = self.caller.http.request(method, path, **request)  # type: ignore[arg-type]  # whatever httpx takes
        if not response.is_success and response.status_code not in AGAIN:
            self.memory.surprises.append(f"{method} {path}: {response.status_code} {response.text[:300]}")
            raise ServerError
        return response

    def content(self) -> bytes:
        """Return unique file contents."""
        return self.chance.randbytes(self.chance.randint(1, 1_500_000))

    def note(self, workspace: int, name: str, content: bytes, *, acknowledged: bool) -> None:
        """Record a sent file."""
        self.memory.sent.append(Sent(workspace, name, hashlib.sha256(content).hexdigest(), acknowledged))


def put_files(self: ChaosClient, workspace: int) -> None:
    """Write one file by PUT."""
    name, content = f"put/{self.chance.getrandbits(64):x}.bin", self.content()
    heard = False
    try:
        length = {"Content-Length": str(len(content))} if self.chance.random() < 0.5 else {}
        path = f"/workspaces/{workspace}/files/{name}"
        heard = self.call("PUT", path, content=slowly(content), headers=length).is_success
    finally:
        self.note(workspace, name, content, acknowledged=heard)


def send_forms(self: ChaosClient, workspace: int) -> None:
    """Send two files in one form, as browsers do."""
    files = [(f"form/{self.chance.getrandbits(64):x}.bin", self.content()) for _ in range(2)]
    edge = "an-edge-that-no-file-has"
    pieces = [
        f'--{edge}\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in files
    ]
    body = b"".join(pieces) + f"--{edge}--\r\n".encode()
    fields = {"Content-Type": f"multipart/form-data; boundary={edge}", "Content-Length": str(len(body))}
    heard = False
    try:
        path = f"/workspaces/{workspace}/upload/"
        heard = self.call("PUT", path, content=slowly(body), headers=fields).is_success
    finally:
        for name, content in files:
            self.note(workspace, name, content, acknowledged=heard)


def send_by_tus(self: ChaosClient, workspace: int) -> None:
    """Upload one file by tus; interrupted uploads resume, even after the end."""
    name, content = f"tus/{self.chance.getrandbits(64):x}.bin", self.content()
    fields = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {_base64(name)}"}
    started = self.call("POST", f"/workspaces/{workspace}/tus/", headers=fields)
    location = started.headers["Location"]
    arrived = 0
    while arrived < len(content):
        try:
            arrived = int(self.call("HEAD", location, headers=TUS).headers["Upload-Offset"])
            headers = {**TUS, "Upload-Offset": str(arrived), "Content-Type": "application/offset+octet-stream"}
            headers["Content-Length"] = str(len(content) - arrived)
            response = self.call("PATCH", location, content=slowly(content[arrived:]), headers=headers)
            arrived = int(response.headers["Upload-Offset"]) if response.is_success else 0
        except httpx.TransportError as error:
            self.note_disconnect(error)
    self.note(workspace, name, content, acknowledged=True)


def create_and_delete(self: ChaosClient) -> None:
    """Create a workspace with files and delete it."""
    workspace = make(self, "short-lived")
    time.sleep(self.chance.random() / 4)
    self.memory.deleted.append(workspace)
    self.call("DELETE", f"/workspaces/{workspace}/")


def offer_copies(self: ChaosClient, receiver: int) -> None:
    """Create a workspace, share it, and sometimes cancel the share while it is copied."""
    workspace = next_prepared(self) or make(self, "offered")
    body = {"original_workspace_id": workspace, "shared_user_ids": [receiver]}
    (share,) = self.call("POST", "/shared_workspaces/", json=body).json()["data"]["shared_workspaces"]
    number = share["shared_workspace_id"]["id"]
    time.sleep(self.chance.random() / 4)
    if self.chance.random() < 0.3:
        self.memory.deleted.append(number)
        self.call("DELETE", f"/shared_workspaces/{number}/")
    else:
        self.memory.offered[number] = workspace
        time.sleep(0.3)  # the copies have to be made some day


def next_prepared(self: ChaosClient) -> int | None:
    """Take a prepared workspace, if any is left."""
    try:
        return self.memory.stock.pop()
    except IndexError:
        return None


def make(self: ChaosClient, name: str) -> int:
    """Create a workspace with files."""
    contents = [self.chance.randbytes(20_000).hex() for _ in range(40)]
    listed = [{"name": f"d{one % 7}/{one}.txt", "content": content} for one, content in enumerate(contents)]
    body = {"name": name, "description": "", "workspace_details": {"files": listed}}
    number: int = self.call("POST", "/workspaces/", json=body).json()["data"]["id"]
    return number


def slowly(content: bytes) -> Iterator[bytes]:
    """Yield chunks with pauses."""
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
        time.sleep(PAUSE)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
