"""Probes a session over its Unix socket, without trusting the process that listens there."""

import socket
import struct
import time
from pathlib import Path

TIMEOUT = 0.5
MAX_STATUS_LINE = 1024


def status(
    path: Path, *, uid: int, target: str, host: str = "localhost", authorization: str = "", seconds: float = TIMEOUT
) -> int | None:
    """Return the status code of `GET target` from a process with this uid; None without a response in time.

    The owner of the directory can put anything at the path, such as a link to another user's socket. The secret is
    therefore sent only after the kernel has reported the uid at the other end of this very connection.
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
    """Return the uid of the process at the other end."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def _status_line(connection: socket.socket, deadline: float) -> bytes:
    """Return the first line; the deadline also holds for a peer that sends one byte at a time."""
    received = b""
    while b"\r\n" not in received and len(received) < MAX_STATUS_LINE:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        if time.monotonic() >= deadline:
            return b""
        chunk = connection.recv(MAX_STATUS_LINE)
        if not chunk:
            return b""
        received += chunk
    return received.partition(b"\r\n")[0]
