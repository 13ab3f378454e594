"""Moves the job to a network namespace of its own, without privileges: no traffic leads in or out."""

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""unshare(2)."""
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
"""netdevice(7)."""


class NoNetwork(Exception):
    """The kernel does not allow it; the message is the reason."""


def enter_own_network() -> None:
    """Move this process (with one thread) into a network namespace with loopback only; its account stays the same.

    A user namespace gives the capabilities for it; a program that is executed afterwards has none of them.
    """
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        raise NoNetwork(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    try:
        # Without privileges, gid_map can be written only after this, user_namespaces(7).
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
    except OSError as error:
        raise NoNetwork(f"no loopback in it: {error.strerror}") from None
