"""An HTTP client that sends raw bytes and shows responses unchanged."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.waiting import PATIENCE


class Client:
    """One connection of a browser."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.buffer = b""

    def send(self, data: bytes | str) -> "Client":
        self.sock.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def get(
        self, path: str, *headers: str, method: str = "GET", host: str = "localhost", body: bytes = b""
    ) -> "Client":
        if body:
            headers = (*headers, f"Content-Length: {len(body)}")
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
        return self.send("\r\n".join(lines).encode() + body)

    def fill(self) -> bool:
        data = self.sock.recv(1 << 20)
        self.buffer += data
        return bool(data)

    def head(self) -> "Response":
        while b"\r\n\r\n" not in self.buffer:
            assert self.fill(), f"the connection ended in a head: {self.buffer!r}"
        raw, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        return Response(int(lines[0].split(" ")[1]), headers)

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            assert self.fill(), f"the connection ended in a body: {len(self.buffer)} of {size} bytes"
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def skip(self, size: int) -> int:
        """Discard that many bytes; return how many arrived."""
        came = 0
        while came < size and (self.buffer or self.fill()):
            taken = min(len(self.buffer), size - came)
            self.buffer = self.buffer[taken:]
            came += taken
        return came

    def response(self, *, bodiless: bool = False) -> "Response":
        response = self.head()
        if bodiless or response.status in (101, 204, 304) or response.status < 200:
            return response
        if response.first("transfer-encoding") == "chunked":
            response.body = b"".join(self.chunks())
        elif (length := response.first("content-length")) is not None:
            response.body = self.exactly(int(length))
        else:
            while self.fill():
                pass
            response.body, self.buffer = self.buffer, b""
        return response

    def chunks(self) -> Iterator[bytes]:
        while True:
            while b"\r\n" not in self.buffer:
                assert self.fill()
            size, _, self.buffer = self.buffer.partition(b"\r\n")
            yield self.exactly(int(size, 16))
            assert self.exactly(2) == b"\r\n"
            if not int(size, 16):
                return

    def ended(self) -> bool:
        """Read to the end; whether nothing came before it."""
        try:
            while self.fill():
                pass
        except ConnectionError:
            pass
        return not self.buffer

    def close(self) -> None:
        self.sock.close()


@dataclass
class Response:
    """A response as the browser got it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)
