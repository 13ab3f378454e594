"""Parses the headers of a message strictly, and caches the results, because browsers repeat their headers.

Only pure functions of bytes are cached. Permissions are checked for each request.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_HEADERS: Final = 200

Pairs = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, values without surrounding white space, in the order received."""

TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TEXT: Final = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
"""Bytes that a value may contain: no control characters, so neither CR nor LF."""
# They frame the message or decide about access: of two values, an application could use the one that was not checked.
_ONCE: Final = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"upgrade", b"origin", b"sec-fetch-site"),
)
# Numbers of 19 digits fit into 64 bits; parsers with integers of fixed size overflow beyond that.
_LENGTH_DIGITS: Final = 19
_SMALL: Final = 4_096
"""Bytes of all headers. Longer heads are not cached."""
_FEW: Final = 100
"""Headers, cookies and connection options together. Heads with more are not cached, to bound the memory."""


class MalformedHead(Exception):
    """A head that is rejected, with the status of the response and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True, eq=False)
class Headers:
    """All headers of a head. Do not modify: heads with the same bytes share one instance."""

    pairs: Pairs
    first: dict[bytes, bytes]
    """The first value of each name."""
    connection: frozenset[bytes]
    """The options of `Connection`, in lower case."""
    content_length: int | None
    chunked: bool
    cookies: Pairs
    """(Name, whole pair) of all `Cookie` headers, in their order."""
    websocket: bool
    """True if they request an upgrade to WebSocket and announce no body."""
    for_session: bytes = b""
    """The lines that a session gets; a cache of `rewrite`, empty until the first use."""

    def all(self, name: bytes) -> list[bytes]:
        """Return all values of a header."""
        return [value for known, value in self.pairs if known == name] if name in self.first else []

    @property
    def has_body(self) -> bool:
        """True if they announce a body of at least one byte."""
        return self.chunked or bool(self.content_length)


NO_HEADERS: Final = Headers((), {}, frozenset(), None, chunked=False, cookies=(), websocket=False)


def parse_headers(block: bytes) -> Headers:
    """Parse the lines after the first line of a head, without the last CR LF; raises `MalformedHead`."""
    lines = block.split(b"\r\n")
    if len(lines) > MAX_HEADERS:
        raise MalformedHead(431, "Too many headers.")
    # Lines of large heads stay out of the cache, so that the number of its entries bounds its memory.
    pairs = tuple(map(_repeated_pair if len(block) <= _SMALL else _pair, lines))
    first = dict(pairs)
    # `dict` keeps the last value of a repeated name: only such heads take the slower path.
    if len(first) < len(pairs):
        first = _first_of_repeated(pairs)
    length, chunked = _framing(first)
    connection = _options(pairs) if b"connection" in first else _NO_OPTIONS
    cookies = _cookies(pairs) if b"cookie" in first else ()
    upgrades = b"upgrade" in connection and first.get(b"upgrade", b"").lower() == b"websocket"
    return Headers(pairs, first, connection, length, chunked, cookies, upgrades and not (length or chunked))


class HeaderCache:
    """Caches parsed headers of requests, because a browser sends the same headers again and again.

    Number and size of the entries are bounded, so that a client cannot fill the memory with made-up headers.
    """

    def __init__(self, *, most: int = 1_024) -> None:
        self._most = most
        self._known: dict[bytes, Headers] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, block: bytes) -> Headers:
        """See `parse_headers`."""
        headers = self._known.get(block)
        if headers is None:
            headers = parse_headers(block)
            if len(block) <= _SMALL and len(headers.pairs) + len(headers.cookies) + len(headers.connection) <= _FEW:
                if len(self._known) >= self._most:
                    # Clearing keeps lookups free of bookkeeping; headers in use return with their next request.
                    self._known.clear()
                self._known[block] = headers
        return headers


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    # This also rejects folded lines and blanks before the colon, which parsers treat differently.
    if not colon or not name or name.translate(None, TOKEN) or value.translate(None, TEXT):
        raise MalformedHead(400, "A header is malformed.")
    name = name.lower()
    # Parsers differ in stripping tabs: here a tab stays in the value, and is rejected later.
    return name, value.strip(b" " if name in _ONCE else b" \t")


_repeated_pair = lru_cache(maxsize=2048)(_pair)


def _first_of_repeated(pairs: Pairs) -> dict[bytes, bytes]:
    first: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in first and name in _ONCE:
            raise MalformedHead(400, "A header that must be unique is repeated.")
        first.setdefault(name, value)
    return first


def _framing(first: dict[bytes, bytes]) -> tuple[int | None, bool]:
    length, coding = first.get(b"content-length"), first.get(b"transfer-encoding")
    if coding is not None:
        # A length beside `chunked`, or another coding, is read differently by two parsers: request smuggling.
        if length is not None or coding != b"chunked":
            raise MalformedHead(400, "The body's length is ambiguous.")
        return None, True
    if length is None:
        return None, False
    # On bytes, `isdigit` accepts ASCII digits only.
    if not length.isdigit() or len(length) > _LENGTH_DIGITS:
        raise MalformedHead(400, "The Content-Length is malformed.")
    return int(length), False


_NO_OPTIONS: Final[frozenset[bytes]] = frozenset()


def _options(pairs: Pairs) -> frozenset[bytes]:
    every = b",".join(value for name, value in pairs if name == b"connection")
    return frozenset(option.strip(b" \t").lower() for option in every.split(b","))


def _cookies(pairs: Pairs) -> Pairs:
    return tuple(
        (pair.partition(b"=")[0].rstrip(b" \t"), pair)
        for name, value in pairs
        if name == b"cookie"
        for part in value.split(b";")
        if (pair := part.strip(b" \t"))
    )
