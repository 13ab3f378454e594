"""Checks that other users, sites and system accounts cannot reach a session."""

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from e2e.applications import cookie_of
from support.server_process import ADA, GRACE, Caller, RunningServer, ToLoopback, sign_in

CONNECT = """
import pathlib, socket, sys
socket_path, folder = sys.argv[1:]
try:
    print('listed', [str(path) for path in pathlib.Path(folder).iterdir()])
except PermissionError:
    try:
        socket.socket(socket.AF_UNIX).connect(socket_path)
        print('connected')
    except PermissionError:
        print('refused')
"""


def handshake(server: RunningServer, *, host: str, path: str, echoes: bool = False, **headers: str) -> int:
    """Return the status of a WebSocket handshake sent by a program; `echoes` also expects one message back."""
    loopback = socket.create_connection(("127.0.0.1", server.port))
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    origin = Origin(fields.pop("Origin")) if "Origin" in fields else None
    try:
        with connect(
            f"ws://{host}{path}",
            sock=loopback,
            origin=origin,
            additional_headers=fields,
            open_timeout=60,
            close_timeout=1,
        ) as peer:
            if echoes:
                peer.send("hello")
                assert peer.recv(timeout=30) == "hello"
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def denies_other_users(server: RunningServer, ada: Caller, job: int) -> None:
    """Check everything for one running session."""
    host, cookie = cookie_of(ada, job)
    path = f"/passthrough/local/{job}/"
    for origin in ("http://evil.example", server.url, "null"):
        assert handshake(server, host=host, path=path, Cookie=cookie, Origin=origin) == 403
    assert handshake(server, host=host, path=path, Cookie=cookie) == 403
    assert handshake(server, host=host, path=path, Origin=f"http://{host}") == 403
    grace = sign_in(server, GRACE)
    with httpx.Client(transport=ToLoopback(server.port), base_url=f"http://{host}") as client:
        for headers in ({}, dict(grace.http.headers), {"Cookie": cookie.replace("=", "=x")}):
            assert client.get(path, headers=headers).status_code == 401
    assert grace.http.get(f"/jobs/{job}/").json()["data"]["jobs"] == []
    if os.geteuid() == 0:
        is_unreachable_for_other_accounts(server)


def is_unreachable_for_other_accounts(server: RunningServer) -> None:
    """Check that no other account can list or open the sockets, and that the user listens on no port."""
    sockets = sockets_of(server)
    assert sockets
    for path in sockets:
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        done = subprocess.run(
            [python, "-c", CONNECT, str(path), str(path.parent)],
            user="nobody",
            group="nogroup",
            extra_groups=[],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        assert (done.stdout, done.stderr) == ("refused\n", "")
    assert ports_of(pwd.getpwnam(ADA).pw_uid) == []


def sockets_of(server: RunningServer) -> list[Path]:
    """Return the sockets of all sessions of the user."""
    folders = [*Path("/run").glob("uws-0-*"), server.data_dir / "run"]
    return [path for folder in folders for path in folder.glob("*/s") if path.owner() == ADA]


def ports_of(uid: int) -> list[str]:
    """Return the addresses in the network of the machine that processes of an account listen on (proc_net_tcp(5))."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    return [line[1] for line in lines if line[3] == "0A" and int(line[7]) == uid]
