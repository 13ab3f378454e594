"""Finds the account of a local connection's other end.

A session on this machine can connect from the address of a trusted proxy, and must not be trusted as one.
"""

import errno
import ipaddress
import os
import socket
import struct
from pathlib import Path
from typing import Final

FIRST_USER_UID: Final = 1000
"""Lower uids are system accounts, such as those of web servers; no session runs as one."""
_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_ERROR: Final = 2
_ANY_STATE: Final = 0xFFFFFFFF
_NO_COOKIE: Final = 0xFFFFFFFF
_HEADER: Final = struct.Struct("=IHHII")
_QUERY: Final = struct.Struct("=BBBBI")
_ACCOUNT: Final = struct.Struct("=II")
_ACCOUNT_AT: Final = _HEADER.size + 4 + 48 + 12
"""Offset of uid and inode in `struct inet_diag_msg` (linux/inet_diag.h), after addresses and counters."""
_ENDS: Final = 16
_MAPPED: Final = "::ffff:"


def may_be_proxy(connection: socket.socket) -> bool:
    """Return whether the other end of a TCP connection may be a web server: on another machine, or a system account.

    A web server on this machine has to connect over loopback: from its other addresses jobs connect, through root's
    slirp4netns. Without root all processes have the same account, so the accounts cannot be distinguished.
    """
    if os.geteuid() != 0 or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    try:
        peer, own = connection.getpeername()[:2], connection.getsockname()[:2]
    except OSError:  # already disconnected
        return False
    family = connection.family
    if peer[0].startswith(_MAPPED):  # IPv4 on a dual-stack listener
        family, peer, own = socket.AF_INET, _unmapped(peer), _unmapped(own)
    # The kernel is asked about the other end's socket: its local address is `peer`, its remote one is `own`.
    found = _owner(family, peer, own)
    if found is None:
        return not _is_loopback(peer[0])  # another machine
    uid, inode = found
    # A socket that its process has closed has inode 0, and the kernel lists root as its owner
    return _is_loopback(peer[0]) and inode != 0 and uid < FIRST_USER_UID


def _owner(family: int, local: tuple[str, int], remote: tuple[str, int]) -> tuple[int, int] | None:
    """Return uid and inode of the local socket with these two ends; None if there is none."""
    try:
        return _query_kernel(family, local, remote)
    except OSError:  # a kernel without sock_diag(7)
        return _read_proc(family, local, remote)


def _query_kernel(family: int, local: tuple[str, int], remote: tuple[str, int]) -> tuple[int, int] | None:
    # `struct inet_diag_sockid` has ports and addresses in network byte order; the unused bytes of IPv4 are zero.
    ends = struct.pack("!HH", local[1], remote[1]) + _packed(family, local[0]) + _packed(family, remote[0])
    # Without a cookie (INET_DIAG_NOCOOKIE), the kernel finds the socket by its ends alone.
    identity = ends + struct.pack("=III", 0, _NO_COOKIE, _NO_COOKIE)
    query = _QUERY.pack(family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE) + identity
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.send(_HEADER.pack(_HEADER.size + len(query), _BY_FAMILY, _REQUEST, 1, 0) + query)
        response = kernel.recv(4096)
    kind = _HEADER.unpack_from(response)[1]
    if kind == _ERROR:
        # The payload of an error begins with the negative errno.
        number = -struct.unpack_from("=i", response, _HEADER.size)[0]
        if number == errno.ENOENT:  # no such socket
            return None
        raise OSError(number, os.strerror(number))
    uid, inode = _ACCOUNT.unpack_from(response, _ACCOUNT_AT)
    return int(uid), int(inode)


def _read_proc(family: int, local: tuple[str, int], remote: tuple[str, int]) -> tuple[int, int] | None:
    """Search the kernel's text list of connections."""
    path = Path("/proc/net/tcp6" if family == socket.AF_INET6 else "/proc/net/tcp")
    wanted = [_written(family, *local), _written(family, *remote)]
    for line in path.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == wanted:
            return int(fields[7]), int(fields[9])
    return None


def _packed(family: int, address: str) -> bytes:
    # The address of a link-local peer ends with its interface (`%eth0`), which inet_pton rejects.
    return socket.inet_pton(family, address.partition("%")[0]).ljust(_ENDS, b"\0")


def _written(family: int, address: str, port: int) -> str:
    """Return an end as in the list: hexadecimal 32-bit words in the byte order of this machine."""
    raw = socket.inet_pton(family, address.partition("%")[0])
    words = struct.unpack(f"={len(raw) // 4}I", raw)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _unmapped(end: tuple[str, int]) -> tuple[str, int]:
    return end[0].removeprefix(_MAPPED), end[1]


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
