"""Client of a kernel in a running session, through the proxy like JupyterLab."""

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from support.server_process import RunningServer, open_session

Message = dict[str, Any]
SECONDS = 60
DAP_CLIENT: Message = {
    "clientID": "tests", "clientName": "tests", "adapterID": "", "pathFormat": "path", "linesStartAt1": True,
    "columnsStartAt1": True, "supportsVariableType": True, "supportsVariablePaging": True,
    "supportsRunInTerminalRequest": True, "locale": "en",
}  # fmt: skip


@dataclass
class Kernel:
    """A kernel with its received messages."""

    channels: ClientConnection
    heard: list[Message] = field(default_factory=list)
    sent: int = 0

    def send(self, channel: str, kind: str, content: Message) -> str:
        """Send a message; return its ID."""
        identifier, self.sent = uuid.uuid4().hex, self.sent + 1
        header = {"msg_id": identifier, "msg_type": kind, "username": "", "session": "tests", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
        self.channels.send(json.dumps(message))
        return identifier

    def wait_for(self, fits: Callable[[Message], bool], *, seconds: float = SECONDS) -> Message:
        """Return the first matching message, including earlier ones; raises TimeoutError."""
        for message in self.heard:
            if fits(message):
                return message
        while True:
            message = dict(json.loads(self.channels.recv(timeout=seconds)))
            self.heard.append(message)
            if fits(message):
                return message

    def begin(self, code: str) -> str:
        """Start code; return the ID of the request."""
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
        return self.send("shell", "execute_request", {**content, "user_expressions": {}})

    def run(self, code: str) -> str:
        """Run code to its end; return its output."""
        identifier = self.begin(code)
        self.wait_for(lambda told: _ends(told, identifier))
        mine = [told for told in self.heard if told["parent_header"].get("msg_id") == identifier]
        errors = ["\n".join(told["content"]["traceback"]) for told in mine if told["msg_type"] == "error"]
        assert errors == []
        return "".join(told["content"]["text"] for told in mine if told["msg_type"] == "stream")

    def debug(self, command: str, *, seconds: float = SECONDS, **arguments: Any) -> Message:
        """Send a request of the debug adapter protocol; return its response."""
        request = {"type": "request", "seq": self.sent + 1, "command": command, "arguments": arguments}
        identifier = self.send("control", "debug_request", request)

        def responses(told: Message) -> bool:
            return bool(told["msg_type"] == "debug_reply" and told["parent_header"].get("msg_id") == identifier)

        response: Message = self.wait_for(responses, seconds=seconds)["content"]
        return response

    def event(self, name: str) -> Message:
        """Wait for an event of the debugger."""
        told = self.wait_for(lambda one: one["msg_type"] == "debug_event" and one["content"]["event"] == name)
        body: Message = told["content"]["body"]
        return body


def _ends(told: Message, identifier: str) -> bool:
    is_mine = told["parent_header"].get("msg_id") == identifier
    return bool(is_mine and told["msg_type"] == "status" and told["content"]["execution_state"] == "idle")


@dataclass
class Browser:
    """A session, opened by its owner."""

    server: RunningServer
    job: int
    client: httpx.Client

    @property
    def host(self) -> str:
        return f"s{self.job}.localhost:{self.server.port}"

    @property
    def base_path(self) -> str:
        return f"/passthrough/local/{self.job}/"

    def call(self, method: str, path: str) -> httpx.Response:
        """Create or delete a kernel or a terminal."""
        token = self.client.cookies.get("_xsrf")
        headers = {"X-XSRFToken": str(token), "Origin": f"http://{self.host}"}
        body = b"{}" if method == "POST" else b""
        response = self.client.request(method, f"{self.base_path}{path}", content=body, headers=headers)
        assert response.is_success, response.text
        return response

    @contextmanager
    def connect(self, path: str) -> Iterator[ClientConnection]:
        """Open a WebSocket."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies.jar)
        headers = {"Cookie": cookies, "Origin": f"http://{self.host}"}
        loopback = socket.create_connection(("127.0.0.1", self.server.port))
        uri = f"ws://{self.host}{self.base_path}{path}"
        with connect(uri, sock=loopback, additional_headers=headers, max_size=None) as peer:
            yield peer

    @contextmanager
    def kernel(self) -> Iterator[Kernel]:
        """Start a kernel and connect to it; delete it at the end."""
        path = f"api/kernels/{self.call('POST', 'api/kernels').json()['id']}"
        try:
            with self.connect(f"{path}/channels") as channels:
                yield Kernel(channels)
        finally:
            self.call("DELETE", path)

    def terminal_says(self, command: str, expected: str) -> bool:
        """Type into a new terminal and wait for its output."""
        name = self.call("POST", "api/terminals").json()["name"]
        with self.connect(f"terminals/websocket/{name}") as peer:
            peer.send(json.dumps(["stdin", f"{command}\r"]))
            printed = ""
            while expected not in printed:
                kind, *rest = json.loads(peer.recv(timeout=SECONDS))
                printed += rest[0] if kind == "stdout" else ""
        return True


@contextmanager
def opened(server: RunningServer, job: dict[str, Any]) -> Iterator[Browser]:
    """Open a session that responds."""
    with open_session(job) as client:
        yield Browser(server, job["id"], client)
