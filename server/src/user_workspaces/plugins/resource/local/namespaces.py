"""Creates and enters Linux namespaces. Standard library only.

Through ctypes: Python has `os.unshare` and `os.setns` from 3.12 on only, and no `mount`.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
"""unshare(2): mounts; network and abstract Unix sockets."""
MS_BIND, MS_REC, MS_SLAVE = 4096, 16384, 1 << 19
"""mount(2)."""
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
"""netdevice(7)."""
OWN_NETWORK = "/proc/self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def new_network() -> Iterator[int]:
    """Run a block in a new network namespace, with loopback only, and switch back; yields a descriptor of it.

    For processes with one thread. Raises `OSError` if the kernel or the permissions do not allow it.
    """
    ours = os.open(OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.unshare(CLONE_NEWNET))
        try:
            _bring_up_loopback()
            # The descriptor keeps the namespace alive after this process has left it.
            yield os.open(OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            enter_network(ours)
    finally:
        os.close(ours)


def enter_network(namespace: int) -> None:
    """Move this process into a network namespace; raises OSError."""
    _check(_libc.setns(namespace, CLONE_NEWNET))


def leave_mounts() -> None:
    """Enter a new mount namespace: this process's changes stay in it; raises `OSError`.

    Later mounts and unmounts of the machine are still visible: all mounts of the copy are slaves of the machine's.
    """
    _check(_libc.unshare(CLONE_NEWNS))
    _check(_libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None))


def replace_file(path: str, replacement: Path) -> None:
    """Replace a file by another one for this process and its descendants; raises `OSError`."""
    leave_mounts()
    _check(_libc.mount(os.fsencode(replacement), os.fsencode(path), None, MS_BIND, None))


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # `struct ifreq` of 64-bit systems: 16 bytes for the name, then the flags, 40 bytes in total.
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
