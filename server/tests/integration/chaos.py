"""People who upload, share and delete without a pause, and remember what the server told them."""

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
"""Seconds between two pieces: a slow line, so that uploads are under way when somebody is killed."""
TUS = {"Tus-Resumable": "1.0.0"}
AGAIN = {httpx.codes.CONFLICT, httpx.codes.LOCKED, httpx.codes.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class Sent:
    """A file that was sent; `acknowledged`: the server said that it has it."""

    workspace: int
    name: str
    digest: str
    acknowledged: bool


@dataclass
class Memory:
    """All that happened."""

    sent: list[Sent] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    """Workspaces that somebody asked to delete; the server may not have heard it."""
    offered: dict[int, int] = field(default_factory=dict)
    """The original of each share that the server told of."""
    broken: int = 0
    """Requests that broke off on their way."""
    surprises: list[str] = field(default_factory=list)
    """Answers that nobody should get."""
    stock: list[int] = field(default_factory=list)
    """Workspaces to be offered that were made in good time: few are made before somebody dies."""

    def __str__(self) -> str:
        files, offers, deletions = len(self.sent), len(self.offered), len(self.deleted)
        return f"{files} files, {offers} copies, {deletions} deletions, {self.broken} requests that broke off"


class Refused(Exception):
    """An answer that nobody should get; it is noted."""


@dataclass
class Disorder:
    """One person who does one thing again and again until it is over."""

    caller: Caller
    memory: Memory
    chance: random.Random
    over: threading.Event

    def repeat(self, act: Callable[[], None]) -> None:
        """Do it until it is over; what breaks off is counted."""
        while not self.over.is_set():
            try:
                act()
                time.sleep(self.chance.random() / 5)
            except Refused:
                pass
            except httpx.TransportError as error:
                self.broke_off(error)

    def broke_off(self, error: httpx.TransportError) -> None:
        """Take a breath; nobody may be there now."""
        self.memory.broken += not isinstance(error, httpx.ConnectError)
        time.sleep(0.2)

    def call(self, method: str, path: str, **request: object) -> httpx.Response:
        """Ask; an answer that tells of a mistake inside the server is noted."""
        response = self.caller.http.request(method, path, **request)  # type: ignore[arg-type]  # whatever httpx takes
        if not response.is_success and response.status_code not in AGAIN:
            self.memory.surprises.append(f"{method} {path}: {response.status_code} {response.text[:300]}")
            raise Refused
        return response

    def content(self) -> bytes:
        """Make a file that is like no other."""
        return self.chance.randbytes(self.chance.randint(1, 1_500_000))

    def note(self, workspace: int, name: str, content: bytes, *, acknowledged: bool) -> None:
        """Remember what was sent."""
        self.memory.sent.append(Sent(workspace, name, hashlib.sha256(content).hexdigest(), acknowledged))


def put_files(self: Disorder, workspace: int) -> None:
    """Write one file by PUT."""
    name, content = f"put/{self.chance.getrandbits(64):x}.bin", self.content()
    heard = False
    try:
        length = {"Content-Length": str(len(content))} if self.chance.random() < 0.5 else {}
        path = f"/workspaces/{workspace}/files/{name}"
        heard = self.call("PUT", path, content=slowly(content), headers=length).is_success
    finally:
        self.note(workspace, name, content, acknowledged=heard)


def send_forms(self: Disorder, workspace: int) -> None:
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


def send_by_tus(self: Disorder, workspace: int) -> None:
    """Upload one file by tus: what breaks off goes on where it was, also when all is over."""
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
            self.broke_off(error)
    self.note(workspace, name, content, acknowledged=True)


def make_and_delete(self: Disorder) -> None:
    """Make a workspace full of files and have it deleted."""
    workspace = make(self, "short-lived")
    time.sleep(self.chance.random() / 4)
    self.memory.deleted.append(workspace)
    self.call("DELETE", f"/workspaces/{workspace}/")


def offer_copies(self: Disorder, receiver: int) -> None:
    """Make a workspace, offer it, and now and then take the offer back while it is copied."""
    workspace = made_before(self) or make(self, "offered")
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


def made_before(self: Disorder) -> int | None:
    """Take one from the stock, as long as there are some."""
    try:
        return self.memory.stock.pop()
    except IndexError:
        return None


def make(self: Disorder, name: str) -> int:
    """Make a workspace with files in it."""
    contents = [self.chance.randbytes(20_000).hex() for _ in range(40)]
    listed = [{"name": f"d{one % 7}/{one}.txt", "content": content} for one, content in enumerate(contents)]
    body = {"name": name, "description": "", "workspace_details": {"files": listed}}
    number: int = self.call("POST", "/workspaces/", json=body).json()["data"]["id"]
    return number


def slowly(content: bytes) -> Iterator[bytes]:
    """Send in pieces, with pauses."""
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
        time.sleep(PAUSE)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
