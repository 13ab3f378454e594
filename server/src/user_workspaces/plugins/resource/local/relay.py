"""Passes TCP connections of a job on to the few services of the machine that it may reach. Standard library only.

The listening sockets were made in the job's network namespace and stay there; connections are opened from here, in the
machine's own.
"""

import ctypes
import os
import selectors
import socket
from collections.abc import Sequence

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
CHUNK = 64 * 1024
CONNECT_SECONDS = 1.0
MOST_PAIRS = 64
"""Connections at once to one address, for one job: a process has 1,024 descriptors as a rule."""

Address = tuple[str, int]
_libc = ctypes.CDLL(None)


def new_socket(family: socket.AddressFamily, *, uid: int) -> socket.socket:
    """Return a TCP socket that belongs to an account: the kernel takes the uid for files, setfsuid(2)."""
    _libc.setfsuid(uid)
    try:
        return socket.socket(family, socket.SOCK_STREAM)
    finally:
        _libc.setfsuid(os.geteuid())


class Service:
    """A listening socket, and the addresses of one service of the machine: the first that answers is taken.

    The service sees connections of `uid`, the job's account: as root's, they could pass for a trusted web server's.
    """

    def __init__(self, listener: socket.socket, addresses: Sequence[Address], *, uid: int) -> None:
        self.listener, self.addresses, self.uid = listener, addresses, uid
        self.pairs = set[Pair]()
        listener.setblocking(False)

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have `handle` called for each connection that arrives."""
        selector.register(self.listener, READ, lambda _mask: self.accept(selector))

    def accept(self, selector: selectors.BaseSelector) -> None:
        """Take a connection and connect it; it is closed at once when nobody answers, or too many are open."""
        try:
            client, _ = self.listener.accept()
        except OSError:
            return  # it was given up meanwhile
        self.pairs = {pair for pair in self.pairs if pair.is_open}
        service = self._connect() if len(self.pairs) < MOST_PAIRS else None
        if service is None:
            client.close()
        else:
            self.pairs.add(Pair(selector, client, service))

    def _connect(self) -> socket.socket | None:
        for address in self.addresses:
            service = new_socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, uid=self.uid)
            service.settimeout(CONNECT_SECONDS)
            try:
                service.connect(address)
            except OSError:
                service.close()
            else:
                return service
        return None


class Pair:
    """Two connections; what arrives at one is sent to the other, and no more is read than was sent."""

    def __init__(self, selector: selectors.BaseSelector, client: socket.socket, service: socket.socket) -> None:
        self._selector = selector
        self._other = {client: service, service: client}
        self._unsent = {client: b"", service: b""}
        self._ended = set[socket.socket]()
        self._watched = dict[socket.socket, int]()
        for end in self._other:
            end.setblocking(False)
        self._watch()

    @property
    def is_open(self) -> bool:
        """Whether something can still be sent."""
        return bool(self._other)

    def _handle(self, end: socket.socket, mask: int) -> None:
        if end not in self._other:
            return  # closed by an event of the same round
        try:
            if mask & READ:
                self._receive(end)
            if mask & WRITE:
                self._send(end)
        except BlockingIOError:
            pass
        except OSError:
            self._close()
            return
        if len(self._ended) == len(self._other) and not any(self._unsent.values()):
            self._close()
        else:
            self._watch()

    def _receive(self, end: socket.socket) -> None:
        chunk, other = end.recv(CHUNK), self._other[end]
        self._unsent[other] = chunk
        if not chunk:
            self._ended.add(end)
            other.shutdown(socket.SHUT_WR)
            return
        self._send(other)

    def _send(self, end: socket.socket) -> None:
        self._unsent[end] = self._unsent[end][end.send(self._unsent[end]) :]

    def _watch(self) -> None:
        for end, other in self._other.items():
            wanted = (0 if end in self._ended or self._unsent[other] else READ) | (WRITE if self._unsent[end] else 0)
            watched = self._watched.get(end, 0)
            if wanted and not watched:
                self._selector.register(end, wanted, lambda mask, end=end: self._handle(end, mask))
            elif watched and not wanted:
                self._selector.unregister(end)
            elif wanted != watched:
                self._selector.modify(end, wanted, self._selector.get_key(end).data)
            self._watched[end] = wanted

    def _close(self) -> None:
        for end in self._other:
            if self._watched.get(end):
                self._selector.unregister(end)
            end.close()
        self._other = {}
