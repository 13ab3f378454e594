"""Processes of `relay.py`: a minimal session, the relay in front of it, and nginx."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import cast

import uvicorn
import uvloop
from django.conf import settings

from user_workspaces.interfaces.values import Endpoint
from user_workspaces.jobs.tickets import Purpose, TicketClaims, cookie_name, sign, verify
from user_workspaces.proxy.relay.protocol import relay_protocol
from user_workspaces.proxy.relay.state import ProxyLimits, ProxyState
from user_workspaces.proxy.routing.routes import CookieClaims, Route, RouteTable, SessionOrigins

JOB, OWNER, EPOCH = 12, 7, 3
MEGABYTE = 1_000_000
BACKLOG = 1024
SMALL = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class Sizes(IntEnum):
    """Sizes of the requests."""

    LARGE = 100
    """MB of the download."""
    CROWD = 64
    """Concurrent connections."""


class Session(asyncio.Protocol):
    """Responds to requests that arrive in one chunk each; after a handshake it echoes all bytes."""

    def __init__(self) -> None:
        self._left = 0
        self._echo = False
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._echo:
            self._transport.write(data)
        elif b"/echo " in data:
            self._echo = True
            self._transport.write(SWITCH)
        elif b"/large " in data:
            self._left = Sizes.LARGE * MEGABYTE
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self._left)
            self._send()
        else:
            self._transport.write(SMALL)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._full = True

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._full = False
        self._send()

    def _send(self) -> None:
        piece = bytes(262_144)
        while self._left and not self._full:
            size = min(self._left, len(piece))
            self._left -= size
            self._transport.write(piece[:size])


def run_session(path: str, port: int) -> None:
    """Serve on a Unix socket, and on a port for comparison, until the process is terminated."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        by_port = await loop.create_server(Session, "127.0.0.1", port, backlog=BACKLOG)
        by_path = await loop.create_unix_server(Session, path, backlog=BACKLOG)
        await asyncio.gather(by_port.serve_forever(), by_path.serve_forever())

    uvloop.run(serve())


def session_cookie(key: str) -> str:
    """Return the cookie of the session, signed like the server signs it."""
    _use(key)
    claim = TicketClaims(job_id=JOB, user_id=OWNER, epoch=EPOCH)
    return f"{cookie_name(JOB)}={sign(claim, Purpose.COOKIE, now=datetime.now(UTC))}"


def run_relay(path: str, port: int, key: str) -> None:
    """Run uvicorn with the relay, like the web process, until the process is terminated."""
    _use(key)
    table = RouteTable()
    endpoint = Endpoint(path, os.geteuid(), authorization="token 0123456789abcdef0123456789abcdef")
    host = f"s{JOB}.localhost".encode()
    table.replace([Route(JOB, OWNER, EPOCH, f"/passthrough/local/{JOB}/", endpoint, host=host)])
    state = ProxyState(
        table=table,
        verify_cookie=_verify_cookie,
        origins=SessionOrigins(domains=("localhost",)),
        limits=ProxyLimits(upstreams_per_job=Sizes.CROWD),  # all browsers belong to one user
    )
    config = uvicorn.Config(
        _no_app,
        http=relay_protocol(state),
        loop="none",
        lifespan="off",
        port=port,
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
    uvloop.run(uvicorn.Server(config).serve())


def _use(key: str) -> None:
    if not settings.configured:
        settings.configure(SECRET_KEY=key, OWN_COOKIE_PREFIX="uws-")


def _verify_cookie(text: str, job_id: int) -> CookieClaims | None:
    claim = verify(text, Purpose.COOKIE, job_id=job_id, now=datetime.now(UTC))
    return CookieClaims(claim.job_id, claim.user_id, claim.epoch, claim.expires_at) if claim else None


async def _no_app(_scope: object, _receive: object, _send: object) -> None:
    """Replace the Django application, which gets no request."""


NGINX = """
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/nginx.log; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  upstream session {{ server unix:{path}; keepalive {crowd}; keepalive_requests 1000000000; }}
  map $http_upgrade $hop {{ default upgrade; "" ""; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://session; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $hop;
    }}
  }}
}}
"""


@contextmanager
def nginx(directory: Path, path: str, port: int) -> Iterator[int | None]:
    """Run nginx as a plain proxy with one worker; yield its PID, or None if it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        yield None
        return
    file = directory / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    file.write_text(NGINX.format(directory=directory, path=path, port=port, user=user, crowd=int(Sizes.CROWD)))
    process = subprocess.Popen([program, "-p", directory, "-c", file, "-e", directory / "nginx.log"])
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def process_times(pid: int) -> float:
    """Return the CPU seconds of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_times(one) for one in [str(pid), *children])


def _times(pid: str) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
