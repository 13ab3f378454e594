"""Asks a session whether it answers, over its Unix socket, trusting nothing about who listens there."""

import socket
import struct
import time
from pathlib import Path

SECONDS = 0.5
LONGEST_STATUS_LINE = 1024


def status(
    path: Path, *, uid: int, target: str, host: str = "localhost", authorization: str = "", seconds: float = SECONDS
) -> int | None:
    """Return the status of `GET target`, from a process of this uid, within the time in all; None: there is none.

    The owner of the directory may put anything at the path, also a link to somebody else's socket: so the
    secret is sent only after the kernel has said who listens at the other end of this very connection.
    """
    deadline = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            if listener_uid(connection) != uid:
                return None
            secret = [f"Authorization: {authorization}"] if authorization else []
            head = (f"GET {target} HTTP/1.1", f"Host: {host}", *secret, "Connection: close")
            connection.sendall("\r\n".join([*head, "", ""]).encode())
            return int(_status_line(connection, deadline).split(b" ")[1])
    except (OSError, IndexError, ValueError):
        return None


def listener_uid(connection: socket.socket) -> int:
    """Return the uid of the process that listens at the other end."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def _status_line(connection: socket.socket, deadline: float) -> bytes:
    """Return the first line; a byte now and then does not keep us longer than the deadline."""
    received = b""
    while b"\r\n" not in received and len(received) < LONGEST_STATUS_LINE:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        if time.monotonic() >= deadline:
            return b""
        chunk = connection.recv(LONGEST_STATUS_LINE)
        if not chunk:
            return b""
        received += chunk
    return received.partition(b"\r\n")[0]
