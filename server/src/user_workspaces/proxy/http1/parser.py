"""Parses the heads of HTTP/1 messages strictly: heads that two parsers could read differently are rejected."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from user_workspaces.proxy.http1.headers import (
    NO_HEADERS,
    TEXT,
    TOKEN,
    HeaderCache,
    Headers,
    MalformedHead,
    parse_headers,
)

MAX_HEAD: Final = 65_536
"""Bytes of a head, including the empty line."""

# Control characters, blanks, `#` and bytes beyond ASCII are invalid in a target, and parsers treat them differently.
_TARGET: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))
_HOST: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._:[]"
# CONNECT would open a tunnel; TRACE would echo cookies that scripts must not read.
_METHODS: Final = frozenset(
    b"GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH".split()
)
_REQUEST_LINE_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class NeedMore:
    """The head is not complete yet."""


_NEED_MORE: Final = NeedMore()


@dataclass(frozen=True, slots=True)
class Bad:
    """A head that is rejected, with the status of the response and the reason."""

    status: int
    reason: str


def without_default_port(host: bytes) -> bytes:
    """Return a `Host` header without a default port: browsers omit it in `Origin`, which is compared with it."""
    return host.removesuffix(b":443").removesuffix(b":80")


@dataclass(slots=True)
class Head:
    """The common part of request and response heads."""

    minor: int
    """1 for HTTP/1.1, 0 for HTTP/1.0."""
    headers: Headers
    length: int
    """Bytes of the head, including the empty line."""

    @property
    def keep_alive(self) -> bool:
        """True if the connection may be reused. Always False for HTTP/1.0."""
        return self.minor == 1 and b"close" not in self.headers.connection


@dataclass(slots=True)
class RequestHead(Head):
    """The head of a request in origin form."""

    method: bytes
    target: bytes

    @property
    def host(self) -> bytes:
        """The `Host` header without a default port; empty for an HTTP/1.0 request without one."""
        return without_default_port(self.headers.first.get(b"host", b""))

    @property
    def websocket(self) -> bool:
        """True if this is the opening handshake of a WebSocket."""
        return self.headers.websocket and self.method == b"GET" and self.minor == 1


@dataclass(slots=True)
class ResponseHead(Head):
    """The head of a response."""

    status: int
    reason: bytes


_known: Final = HeaderCache()


def parse_request(data: bytes, start: int = 0) -> RequestHead | NeedMore | Bad:
    """Parse the head of the request at `data[start]`."""
    try:
        end = _end(data, start)
        if end < 0:
            return _NEED_MORE
        line, _, block = data[start:end].partition(b"\r\n")
        method, target, minor = _request_line(line)
        headers = _known.read(block) if block else NO_HEADERS
        _check_coding(headers, minor)
        _check_host(headers.first.get(b"host"), minor)
    except MalformedHead as error:
        return Bad(error.status, error.reason)
    return RequestHead(minor, headers, end + 4 - start, method, target)


def parse_response(data: bytes, start: int = 0) -> ResponseHead | NeedMore | Bad:
    """Parse the head of the response at `data[start]`."""
    try:
        end = _end(data, start)
        if end < 0:
            return _NEED_MORE
        line, _, block = data[start:end].partition(b"\r\n")
        minor, status, reason = _status_line(line)
        headers = parse_headers(block) if block else NO_HEADERS
        _check_coding(headers, minor)
    except MalformedHead as error:
        return Bad(error.status, error.reason)
    return ResponseHead(minor, headers, end + 4 - start, status, reason)


def _end(data: bytes, start: int) -> int:
    """Return the index of the empty line; -1 if it has not arrived."""
    # A head that ends beyond the limit is too long even if all of it has arrived.
    end = data.find(b"\r\n\r\n", start, start + MAX_HEAD)
    if end < 0:
        if len(data) - start >= MAX_HEAD:
            raise MalformedHead(431, "The head of the message is too long.")
        # A head with a bare LF may never get the empty line that ends it: this rejects it before the timeout.
        if data.count(b"\n", start) != data.count(b"\r\n", start):
            raise MalformedHead(400, "A line does not end with CR LF.")
    return end


def _request_line(line: bytes) -> tuple[bytes, bytes, int]:
    parts = line.split(b" ")
    if len(parts) != _REQUEST_LINE_PARTS:
        raise MalformedHead(400, "The request line is malformed.")
    method, target, version = parts
    minor = _version(version)
    if method not in _METHODS:
        known = 400 if not method or method.translate(None, TOKEN) else 405
        raise MalformedHead(known, "This method is not allowed.")
    # The absolute form could name another host than the `Host` header, which is the one that is checked.
    if not target.startswith(b"/") or target.translate(None, _TARGET):
        raise MalformedHead(400, "The request target is malformed.")
    return method, target, minor


@lru_cache(maxsize=64)
def _status_line(line: bytes) -> tuple[int, int, bytes]:
    version, _, rest = line.partition(b" ")
    status, _, reason = rest.partition(b" ")
    if len(status) != 3 or not status.isdigit() or status[:1] not in b"12345" or reason.translate(None, TEXT):  # noqa: PLR2004  RFC 9112
        raise MalformedHead(400, "The status line is malformed.")
    return _version(version), int(status), reason


def _version(version: bytes) -> int:
    if version == b"HTTP/1.1":
        return 1
    if version == b"HTTP/1.0":
        return 0
    if len(version) == len(b"HTTP/1.1") and version.startswith(b"HTTP/") and version[5:8:2].isdigit():
        raise MalformedHead(505, "Only HTTP/1.0 and HTTP/1.1 are supported.")
    raise MalformedHead(400, "The version is malformed.")


def _check_coding(headers: Headers, minor: int) -> None:
    # A parser for HTTP/1.0 would take the chunks for the body, or wait for the end of the connection.
    if headers.chunked and minor == 0:
        raise MalformedHead(400, "The body's length is ambiguous.")


def _check_host(host: bytes | None, minor: int) -> None:
    if host is None and minor == 0:
        return
    if not host or host.translate(None, _HOST):
        raise MalformedHead(400, "The Host header is missing or malformed.")
