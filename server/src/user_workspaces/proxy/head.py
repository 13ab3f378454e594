"""Reads the heads of HTTP/1 messages strictly: what two parsers could read in two ways is refused."""

from dataclasses import dataclass
from typing import Final

MAX_HEAD: Final = 65_536
"""Bytes of a head, its empty line included."""
MAX_FIELDS: Final = 200

Fields = list[tuple[bytes, bytes]]
"""Names in lower case, values without the white space around them, in the order received."""

TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS: Final = b"0123456789"
_TEXT: Final = bytes([9, 10, 13, *range(0x20, 0x7F), *range(0x80, 0x100)])
_TARGET: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))
_HOST: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._:[]"
_METHODS: Final = frozenset(
    b"GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH".split()
)
_ONCE: Final = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"upgrade", b"origin", b"sec-fetch-site"),
)
_LENGTH_DIGITS: Final = 19
_REQUEST_LINE_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class NeedMore:
    """The head does not end in the bytes that are there."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A head that is refused: the status to answer, and the reason in words."""

    status: int
    reason: str


@dataclass(slots=True)
class Head:
    """What requests and responses have in common."""

    minor: int
    """1 for HTTP/1.1, 0 for HTTP/1.0."""
    fields: Fields
    first: dict[bytes, bytes]
    """The first value of each name."""
    connection: frozenset[bytes]
    """The options of `Connection`, in lower case."""
    content_length: int | None
    chunked: bool
    length: int
    """Bytes of the head, its empty line included."""

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of a field."""
        return [value for known, value in self.fields if known == name]


@dataclass(slots=True)
class RequestHead(Head):
    """The head of a request in origin form."""

    method: bytes
    target: bytes
    _cookies: list[tuple[bytes, bytes]] | None = None

    @property
    def cookies(self) -> list[tuple[bytes, bytes]]:
        """The cookies as (name, the whole pair), in their order; of all the `Cookie` fields together."""
        if self._cookies is None:
            self._cookies = [
                (pair.partition(b"=")[0].rstrip(b" \t"), pair)
                for value in (self.all(b"cookie") if b"cookie" in self.first else ())
                for part in value.split(b";")
                if (pair := part.strip(b" \t"))
            ]
        return self._cookies

    @property
    def host(self) -> bytes:
        """The `Host` field as it was sent; empty for an HTTP/1.0 client without one."""
        return self.first.get(b"host", b"")

    @property
    def has_body(self) -> bool:
        """Whether at least a byte follows the head."""
        return self.chunked or bool(self.content_length)

    @property
    def keep_alive(self) -> bool:
        """Whether the client may send another request; HTTP/1.0 clients are not asked."""
        return self.minor == 1 and b"close" not in self.connection

    @property
    def websocket(self) -> bool:
        """Whether this is the opening handshake of a WebSocket."""
        return (
            b"upgrade" in self.connection
            and self.first.get(b"upgrade", b"").lower() == b"websocket"
            and self.method == b"GET"
            and self.minor == 1
            and not self.has_body
        )


@dataclass(slots=True)
class ResponseHead(Head):
    """The head of a response."""

    status: int
    reason: bytes

    @property
    def keep_alive(self) -> bool:
        """Whether the other end will take another request."""
        return self.minor == 1 and b"close" not in self.connection


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, status: int, reason: str) -> None:
        self.bad = Bad(status, reason)
        super().__init__(reason)


def parse_request(data: bytes, start: int = 0) -> RequestHead | NeedMore | Bad:
    """Read the head of a request that begins at `data[start]`."""
    try:
        if (lines := _lines(data, start)) is None:
            return NeedMore()
        method, target, minor = _request_line(lines[0])
        fields, first = _fields(lines)
        _check_host(first.get(b"host"), minor)
        framing = _framing(first, minor)
        return RequestHead(minor, fields, first, _connection(fields, first), *framing, _size(lines), method, target)
    except _Refused as refused:
        return refused.bad


def parse_response(data: bytes, start: int = 0) -> ResponseHead | NeedMore | Bad:
    """Read the head of a response that begins at `data[start]`."""
    try:
        if (lines := _lines(data, start)) is None:
            return NeedMore()
        minor, status, reason = _status_line(lines[0])
        fields, first = _fields(lines)
        framing = _framing(first, minor)
        return ResponseHead(minor, fields, first, _connection(fields, first), *framing, _size(lines), status, reason)
    except _Refused as refused:
        return refused.bad


def _lines(data: bytes, start: int) -> list[bytes] | None:
    end = data.find(b"\r\n\r\n", start, start + MAX_HEAD)
    if end < 0:
        if len(data) - start >= MAX_HEAD:
            raise _Refused(431, "The head of the message is too long.")
        if data.count(b"\n", start) != data.count(b"\r\n", start):
            raise _Refused(400, "A line does not end with CR LF.")
        return None
    block = data[start:end]
    if block.translate(None, _TEXT):
        raise _Refused(400, "A control character in the head.")
    lines = block.split(b"\r\n")
    if not block.count(b"\r") == block.count(b"\n") == len(lines) - 1:
        raise _Refused(400, "A line does not end with CR LF.")
    if len(lines) > MAX_FIELDS + 1:
        raise _Refused(431, "Too many fields in the head.")
    return lines


def _request_line(line: bytes) -> tuple[bytes, bytes, int]:
    parts = line.split(b" ")
    if len(parts) != _REQUEST_LINE_PARTS:
        raise _Refused(400, "The request line is malformed.")
    method, target, version = parts
    minor = _version(version)
    if method not in _METHODS:
        known = 400 if not method or method.translate(None, TOKEN) else 501
        raise _Refused(known, "This method is not served.")
    if not target.startswith(b"/") or target.translate(None, _TARGET):
        raise _Refused(400, "The request target is malformed.")
    return method, target, minor


def _status_line(line: bytes) -> tuple[int, int, bytes]:
    version, _, rest = line.partition(b" ")
    status, _, reason = rest.partition(b" ")
    if len(status) != 3 or not status.isdigit() or status[:1] not in b"12345":  # noqa: PLR2004
        raise _Refused(400, "The status line is malformed.")
    return _version(version), int(status), reason


def _version(version: bytes) -> int:
    if version == b"HTTP/1.1":
        return 1
    if version == b"HTTP/1.0":
        return 0
    if len(version) == len(b"HTTP/1.1") and version.startswith(b"HTTP/") and version[5:8:2].isdigit():
        raise _Refused(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
    raise _Refused(400, "The version is malformed.")


def _size(lines: list[bytes]) -> int:
    return sum(map(len, lines)) + 2 * len(lines) + 2


def _fields(lines: list[bytes]) -> tuple[Fields, dict[bytes, bytes]]:
    fields: Fields = []
    first: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name:
            raise _Refused(400, "A field of the head is malformed.")
        name = name.lower()
        if name in _ONCE:
            if name in first:
                raise _Refused(400, "A field that may be there once is there twice.")
            value = value.strip(b" ")  # a tab stays, and is refused: not every parser takes it off here
        else:
            value = value.strip(b" \t")
        first.setdefault(name, value)
        fields.append((name, value))
    if b"".join(first).translate(None, TOKEN):  # all names at once: one call instead of one for each
        raise _Refused(400, "A field of the head is malformed.")
    return fields, first


def _check_host(host: bytes | None, minor: int) -> None:
    if host is None and minor == 0:
        return
    if not host or host.translate(None, _HOST):
        raise _Refused(400, "The Host field is missing or malformed.")


def _framing(first: dict[bytes, bytes], minor: int) -> tuple[int | None, bool]:
    length, coding = first.get(b"content-length"), first.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or minor == 0 or coding != b"chunked":
            raise _Refused(400, "The body's length is ambiguous.")
        return None, True
    if length is None:
        return None, False
    if not length.isdigit() or len(length) > _LENGTH_DIGITS:
        raise _Refused(400, "The Content-Length is malformed.")
    return int(length), False


_NO_OPTIONS: Final[frozenset[bytes]] = frozenset()
_KEEP_ALIVE: Final = frozenset((b"keep-alive",))


def _connection(fields: Fields, first: dict[bytes, bytes]) -> frozenset[bytes]:
    value = first.get(b"connection")
    if value is None:
        return _NO_OPTIONS
    if value == b"keep-alive" and sum(name == b"connection" for name, _ in fields) == 1:
        return _KEEP_ALIVE
    every = b",".join(value for name, value in fields if name == b"connection")
    return frozenset(option.strip(b" \t").lower() for option in every.split(b","))
