"""Drives a session as a resource and the proxy would: its directory, its process, its requests."""

import hmac
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import InvalidStatus, SecurityError
from websockets.sync.client import ClientConnection, unix_connect
from websockets.typing import Origin

from user_workspaces.environments.activation import activate
from user_workspaces.interfaces.environment import FOLDER, WorkspaceEnvironment
from user_workspaces.interfaces.values import (
    Endpoint,
    JobContext,
    JobScript,
    Limits,
    PluginContext,
    ReanaAccess,
    SystemAccount,
)
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob, JupyterLabOptions
from user_workspaces.testing.waiting import eventually

HOST = "s7.localhost"
AUTHORITY = f"{HOST}:8000"
BASE = "/passthrough/local/7/"
SECRET = "the-secret-of-this-very-session-98765"
KEY = urlsafe_b64encode(hmac.digest(SECRET.encode(), b"job:session authorization", "sha256")).decode().rstrip("=")
"""What the session is given of it."""
AUTHORIZATION = f"token {KEY}"
REANA = ReanaAccess("http://127.0.0.1:9", "the-token-of-this-very-session-54321", takes_header=True)
"""Where nobody answers."""


def make_job_type(base_dir: Path, options: str = '{"environment_details": {"local": {}}}') -> JupyterLabJob:
    context = PluginContext(
        name="jupyter_lab",
        base_dir=base_dir,
        data_dir=base_dir / "job_type" / "jupyter_lab",
        runtime_dir=base_dir,
        find_client=lambda _token: None,
    )
    return JupyterLabJob(context, JupyterLabOptions.model_validate_json(options))


@dataclass
class Session:
    """Replaces a resource: creates the directory and the files, and runs bash as the user."""

    job_type: JupyterLabJob
    account: SystemAccount
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    named: WorkspaceEnvironment | None = None
    """The environment that the launch chose; None: the usual one."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def directory(self) -> Path:
        return self.folder / "job"

    @property
    def overlay(self) -> Path:
        return self.workspace / FOLDER / "base"

    @property
    def context(self) -> JobContext:
        base = self.job_type.base("local")
        return JobContext(
            job_id=7,
            key="k",
            secret=SECRET,
            account=self.account,
            workspace=self.workspace,
            job_directory=self.directory,
            resource="local",
            base_path=BASE,
            limits=Limits(),
            reana=REANA,
            environment=self.named or (WorkspaceEnvironment(base, self.overlay) if base else None),
        )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def write(self, path: str, content: bytes | str, mode: int = 0o600) -> Path:
        """Write a file of the user below the folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)
        return file

    def give_away(self) -> None:
        """Give all files below the folder to the user."""
        if os.geteuid() == 0:
            for path in (*self.folder.rglob("*"), self.folder):
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def location(self, script: JobScript) -> None:
        for file in script.files:
            self.write(f"job/{file.path}", file.content)
        self.write("job/script.sh", script.text)
        self.give_away()

    def start(self, script: JobScript | None = None) -> None:
        script = script or self.job_type.script(self.context, self.job_type.Parameters())
        script = activate(script, self.context.environment, job_directory=self.directory)
        self.location(script)
        names = {"HOME": str(self.home), "USER": self.account.name, "SHELL": "/bin/bash", "LANG": "C.UTF-8"}
        as_root = os.geteuid() == 0
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["bash", self.directory / "script.sh"],
                cwd=self.workspace,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", **names, **self.environment, **dict(script.environment)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self.account.uid if as_root else None,
                group=self.account.gid if as_root else None,
                extra_groups=[] if as_root else None,
            )

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def wait_until_ready(self) -> Endpoint:
        found = list[Endpoint]()

        def is_ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            endpoint = self.job_type.endpoint(self.context)
            found.extend([endpoint] if endpoint else [])
            return bool(found)

        eventually(is_ready)
        return found[0]

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.folder)

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> "SessionResponse":
        """Send what the proxy would send; a header that is "" is left out."""
        sent = {"Host": AUTHORITY, "Authorization": AUTHORIZATION, **(headers or {})}
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        try:
            connection.sock.connect(str(self.directory / "s"))
            connection.putrequest(method, BASE + path, skip_host=True)
            for name, value in {**sent, "Content-Length": str(len(body or ""))}.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders((body or "").encode())
            response = connection.getresponse()
            return SessionResponse(response.status, response.headers, response.read())
        finally:
            connection.close()

    def xsrf(self) -> str:
        """Return the cookie that a page gets."""
        cookies = self.request("GET", "lab").headers.get_all("Set-Cookie") or []
        return (
            next(cookie for cookie in cookies if cookie.startswith("_xsrf=")).partition(";")[0].removeprefix("_xsrf=")
        )

    def write_headers(self, **headers: str) -> dict[str, str]:
        """Return the headers of a page of the session's own that writes."""
        token = self.xsrf()
        return {"Cookie": f"_xsrf={token}", "X-XSRFToken": token, "Origin": f"http://{AUTHORITY}", **headers}

    def connect(self, path: str, *, origin: str | None, authorization: str = AUTHORIZATION) -> ClientConnection:
        return unix_connect(
            str(self.directory / "s"),
            f"ws://{AUTHORITY}{BASE}{path}",
            origin=Origin(origin) if origin else None,
            additional_headers={"Authorization": authorization} if authorization else None,
            compression=None,
            open_timeout=30,
        )

    def handshake(self, path: str, *, origin: str | None, authorization: str = AUTHORIZATION) -> int:
        """Return the status of a WebSocket's handshake."""
        try:
            with self.connect(path, origin=origin, authorization=authorization):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code
        except SecurityError:  # a redirection to itself, followed again and again
            return 302


@dataclass(frozen=True)
class SessionResponse:
    """A response of a session."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict[str, object]:
        answer: dict[str, object] = json.loads(self.body)
        return answer
