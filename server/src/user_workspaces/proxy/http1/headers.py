"""Reads the fields of a head strictly, and remembers what it read: browsers and sessions repeat themselves.

Only pure functions of bytes are remembered here. Who may do what is decided for every request anew.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_FIELDS: Final = 200

Pairs = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, values without the white space around them, in the order received."""

TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TEXT: Final = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
"""What may stand in a value: no control character, so neither CR nor LF."""
_ONCE: Final = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"upgrade", b"origin", b"sec-fetch-site"),
)
_LENGTH_DIGITS: Final = 19
_SMALL: Final = 4_096
"""Bytes of a head's fields. Longer ones are read anew each time."""
_FEW: Final = 100
"""Fields, cookies and options together. A head of more is read anew each time: it takes too much to keep."""


class MalformedHead(Exception):
    """A head that is not read: the status to answer, and the reason in words."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True, eq=False)
class Headers:
    """All fields of a head. Heads that say the same share one of these, so nobody changes it."""

    pairs: Pairs
    first: dict[bytes, bytes]
    """The first value of each name."""
    connection: frozenset[bytes]
    """The options of `Connection`, in lower case."""
    content_length: int | None
    chunked: bool
    cookies: Pairs
    """As (name, the whole pair), in their order; of all the `Cookie` fields together."""
    websocket: bool
    """Whether they ask for a WebSocket, and announce no body."""
    for_session: bytes = b""
    """What a session gets of them; kept here by `rewrite`, empty until it was asked for."""

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of a field."""
        return [value for known, value in self.pairs if known == name] if name in self.first else []

    @property
    def has_body(self) -> bool:
        """Whether they announce at least a byte behind the head of a request."""
        return self.chunked or bool(self.content_length)


NO_FIELDS: Final = Headers((), {}, frozenset(), None, chunked=False, cookies=(), websocket=False)


def read_fields(block: bytes) -> Headers:
    """Read what follows the first line of a head, without the last CR LF; raises `Refused`."""
    lines = block.split(b"\r\n")
    if len(lines) > MAX_FIELDS:
        raise MalformedHead(431, "Too many fields in the head.")
    pairs = tuple(map(_repeated_pair if len(block) <= _SMALL else _pair, lines))
    first = dict(pairs)
    if len(first) < len(pairs):
        first = _first_of_repeated(pairs)
    length, chunked = _framing(first)
    connection = _options(pairs) if b"connection" in first else _NO_OPTIONS
    cookies = _cookies(pairs) if b"cookie" in first else ()
    upgrades = b"upgrade" in connection and first.get(b"upgrade", b"").lower() == b"websocket"
    return Headers(pairs, first, connection, length, chunked, cookies, upgrades and not (length or chunked))


class HeaderCache:
    """Reads the fields of requests, of which a browser sends the same ones again and again: those are read once.

    What is kept is bounded in number and in size, so nobody can fill the memory with inventions.
    """

    def __init__(self, *, most: int = 1_024) -> None:
        self._most = most
        self._known: dict[bytes, Headers] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, block: bytes) -> Headers:
        """See `read_fields`."""
        fields = self._known.get(block)
        if fields is None:
            fields = read_fields(block)
            if len(block) <= _SMALL and len(fields.pairs) + len(fields.cookies) + len(fields.connection) <= _FEW:
                if len(self._known) >= self._most:
                    self._known.clear()
                self._known[block] = fields
        return fields


def _pair(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name.translate(None, TOKEN) or value.translate(None, TEXT):
        raise MalformedHead(400, "A field of the head is malformed.")
    name = name.lower()
    # A tab stays where it could matter, and is refused: not every parser takes it off there.
    return name, value.strip(b" " if name in _ONCE else b" \t")


_repeated_pair = lru_cache(maxsize=2048)(_pair)


def _first_of_repeated(pairs: Pairs) -> dict[bytes, bytes]:
    first: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in first and name in _ONCE:
            raise MalformedHead(400, "A field that may be there once is there twice.")
        first.setdefault(name, value)
    return first


def _framing(first: dict[bytes, bytes]) -> tuple[int | None, bool]:
    length, coding = first.get(b"content-length"), first.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or coding != b"chunked":
            raise MalformedHead(400, "The body's length is ambiguous.")
        return None, True
    if length is None:
        return None, False
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
