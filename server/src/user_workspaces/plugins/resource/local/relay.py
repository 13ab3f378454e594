"""Relays TCP connections of a job to the services of the machine that it can reach. Standard library only.

The listening sockets were created in the job's network namespace and stay in it; connections to the services are opened
in the machine's namespace, which this process is in.
"""

import ctypes
import os
import selectors
import socket
from collections.abc import Sequence

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
CHUNK = 64 * 1024
# Connecting blocks all connections of the job, and loopback responds at once, so the wait is short.
CONNECT_SECONDS = 1.0
MOST_PAIRS = 64
"""Concurrent connections to one address per job: a process usually has 1,024 descriptors."""

Address = tuple[str, int]
_libc = ctypes.CDLL(None)


def new_socket(family: socket.AddressFamily, *, uid: int) -> socket.socket:
    """Return a TCP socket owned by an account: the kernel uses the file system uid, setfsuid(2)."""
    # The kernel sets a socket's owner from the file system uid, which affects this thread only.
    _libc.setfsuid(uid)
    try:
        return socket.socket(family, socket.SOCK_STREAM)
    finally:
        _libc.setfsuid(os.geteuid())


class Service:
    """A listening socket, and the addresses of one service of the machine, of which the first reachable one is used.

    The connections belong to `uid`, the job's account: those of root could be mistaken for a trusted proxy's.
    """

    def __init__(self, listener: socket.socket, addresses: Sequence[Address], *, uid: int) -> None:
        self.listener, self.addresses, self.uid = listener, addresses, uid
        self.pairs = set[Pair]()
        listener.setblocking(False)

    def register(self, selector: selectors.BaseSelector) -> None:
        """Accept connections by events of this selector."""
        selector.register(self.listener, READ, lambda _mask: self.accept(selector))

    def accept(self, selector: selectors.BaseSelector) -> None:
        """Accept a connection and connect it to the service; close it if that fails or too many are open."""
        try:
            client, _ = self.listener.accept()
        except OSError:
            return  # the client has closed it meanwhile
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
    """Two connected sockets; relays data between them, and reads more only after all was sent (backpressure)."""

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
        """True until both sockets are closed."""
        return bool(self._other)

    def _handle(self, end: socket.socket, mask: int) -> None:
        if end not in self._other:
            return  # closed by an earlier event of the same round
        try:
            if mask & READ:
                self._receive(end)
            if mask & WRITE:
                self._send(end)
        except BlockingIOError:
            pass  # unsent data waits until the socket is writable
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
            # Only this direction ends: a client may close its side and still wait for the response. No data waits to be
            # sent, since `_watch` reads only when all was sent.
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
