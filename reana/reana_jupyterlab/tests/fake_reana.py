"""A fake REANA on a real socket: usual responses in the real format, and faults on request."""

import io
import json
import re
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

TOKEN = "s3cr3t-t0ken-of-a-person"
OWNER = "00000000-0000-0000-0000-000000000000"
OWNER_EMAIL = "jane@example.org"
Fault = Callable[["Exchange"], None]


@dataclass
class Run:
    """A run and all that belongs to it."""

    name: str
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "finished"
    created: str = "2026-11-21T22:21:32"
    started: str = "2026-11-21T22:24:03"
    ended: str = "2026-11-21T22:24:05"
    files: dict[str, bytes] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    specification: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    owner: str = OWNER_EMAIL
    engine_log: str = "Publisher: total 2\nRunning step:0, Total steps 2\n"
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    engine_specific: Any = None
    service_logs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes


class FakeReana:
    """The server; `faults` say for a pattern over `METHOD /path` what happens instead (the first that fits)."""

    def __init__(
        self,
        routes: Sequence[tuple[re.Pattern[str], Callable[..., None]]],
        *,
        modern: bool = False,
        sharing: bool | None = None,
        runtime: str | None = None,
    ) -> None:
        self.routes = routes
        self.modern = modern
        self.engines: list[str] | None = None
        self.sharing = modern if sharing is None else sharing
        self.runtime = runtime
        self.accounts = {TOKEN: OWNER_EMAIL}
        self.runs: list[Run] = []
        self.requests: list[Seen] = []
        self.faults: list[tuple[str, Fault, int]] = []
        self.shares: dict[str, list[dict[str, Any]]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Exchange,), {"reana": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def stop(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def encrypt(self, certificate: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)

    def add(self, name: str, **more: Any) -> Run:
        run = Run(name, **more)
        self.runs.insert(0, run)
        return run

    def fail(self, pattern: str, fault: Fault, *, times: int = 1_000_000) -> None:
        self.faults.append((pattern, fault, times))

    def fault_for(self, line: str) -> Fault | None:
        for index, (pattern, fault, times) in enumerate(self.faults):
            if times and re.fullmatch(pattern, line):
                self.faults[index] = (pattern, fault, times - 1)
                return fault
        return None

    def find(self, reference: str) -> Run | None:
        return next((run for run in self.runs if reference in {run.id, run.name, run.name.partition(".")[0]}), None)

    def seen(self, pattern: str) -> list[Seen]:
        return [one for one in self.requests if re.fullmatch(pattern, f"{one.method} {one.path}")]


class Exchange(BaseHTTPRequestHandler):
    """One request and its response."""

    reana: ClassVar[FakeReana]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    path_only = ""
    query: ClassVar[dict[str, list[str]]] = {}
    body = b""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library names it so
        return

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._respond()

    do_POST = do_PUT = do_DELETE = do_GET

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.raw(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def raw(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def chunked(self, pieces: Iterator[bytes], headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Transfer-Encoding": "chunked", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _respond(self) -> None:
        parts = urlsplit(self.path)
        self.path_only, self.query = parts.path, parse_qs(parts.query, keep_blank_values=True)  # type: ignore[misc] # set per request
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.json({"message": "a body without a length is empty"}, 411)
            return
        length = int(self.headers.get("Content-Length", "0"))
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            self.close_connection = True
            return
        line = f"{self.command} {self.path_only}"
        self.reana.requests.append(Seen(self.command, self.path_only, self.query, self.body))
        if fault := self.reana.fault_for(line):
            fault(self)
        elif self.path_only in {"/api/ping", "/api/config"}:
            self._open(self.path_only)
        elif not (token := self.one("access_token") or self.headers.get("Authorization", "").removeprefix("Bearer ")):
            self.json({"message": "User not signed in"}, 401)
        elif token not in self.reana.accounts:
            self.json({"message": "Token not valid."}, 403)
        else:
            self._signed_in()

    def _open(self, path: str) -> None:
        if path == "/api/config":
            self.json({"polling_secs": 15, "file_preview_size_limit": 5242880, "quota_enabled": True})
            return
        modern = {"api_capabilities": ["workflow-specification-bundles-v1"], "reana_server_version": "0.95.0"}
        self.json({"message": "OK", "status": "200", **(modern if self.reana.modern else {})})

    def _signed_in(self) -> None:
        for pattern, answer in self.reana.routes:
            if found := re.fullmatch(pattern, f"{self.command} {self.path_only}"):
                answer(self, *(unquote(group) for group in found.groups()))
                return
        self.raw(b"<!DOCTYPE html><title>404 Not Found</title>", 404, {"Content-Type": "text/html"})

    def run(self, reference: str, *, missing: int = 404) -> Run | None:
        run = self.reana.find(reference)
        if run is None:
            words = f"REANA_WORKON is set to {reference}, but that workflow does not exist. "
            self.json({"message": words + "Please set your REANA_WORKON environment variable appropriately."}, missing)
        return run


def archive(files: dict[str, bytes]) -> bytes:
    """Return a ZIP of files, as REANA sends directories."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return target.getvalue()


def matches(files: dict[str, bytes], path: str) -> dict[str, bytes]:
    """Return the files that a path, a directory or a pattern names."""
    return {
        name: content
        for name, content in files.items()
        if name == path or name.startswith(f"{path}/") or fnmatchcase(name, path)
    }


# --- faults


def hang(exchange: Exchange) -> None:
    exchange.reana.released.wait(600)
    exchange.close_connection = True


def error(status: int, message: str = "Something is wrong.", **headers: str) -> Fault:
    return lambda exchange: exchange.json({"message": message}, status, headers)


def says(body: bytes, status: int = 200, content_type: str = "application/json") -> Fault:
    return lambda exchange: exchange.raw(body, status, {"Content-Type": content_type})


def cut(after: bytes, *, promised: int | None = None) -> Fault:
    """Break the connection after some bytes of a body that was promised to be longer (or is chunked)."""

    def fault(exchange: Exchange) -> None:
        exchange.send_response(200)
        if promised is None:
            exchange.send_header("Transfer-Encoding", "chunked")
        else:
            exchange.send_header("Content-Length", str(promised))
        exchange.end_headers()
        exchange.wfile.write(after if promised is not None else f"{len(after):x}\r\n".encode() + after + b"\r\n")
        exchange.wfile.flush()
        exchange.close_connection = True

    return fault


def redirect(to: str) -> Fault:
    return lambda exchange: exchange.raw(b"", 302, {"Location": to})
