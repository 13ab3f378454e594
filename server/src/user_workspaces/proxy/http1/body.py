"""Finds the end of a message's body without copying the body."""

from enum import Enum, auto
from typing import Final, Protocol

from user_workspaces.proxy.http1.headers import TEXT, TOKEN
from user_workspaces.proxy.http1.parser import RequestHead, ResponseHead

MAX_TRAILERS: Final = 8_192
"""Bytes of all trailers of a response."""
# 64 bits. Without a limit, an endless line would be collected in memory.
_SIZE_DIGITS: Final = 16
_HEX: Final = b"0123456789abcdefABCDEF"
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304


class BadBody(Exception):
    """The framing of a body is broken: later bytes of the connection cannot be interpreted."""


class Body(Protocol):
    """A body that is being received."""

    done: bool
    """True if the last byte was consumed."""

    def consume(self, data: bytes, start: int) -> int:
        """Return the index after the last byte in `data[start:]` that belongs to it; raises `BadBody`."""


class LengthBody:
    """A body with a `Content-Length`."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    def consume(self, data: bytes, start: int) -> int:
        """See `Body`."""
        size = min(self._left, len(data) - start)
        self._left -= size
        self.done = self._left == 0
        return start + size


class OpenBody:
    """A body without a length: it ends with its connection."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def consume(self, data: bytes, start: int) -> int:  # noqa: ARG002 - the protocol `Body`
        """See `Body`."""
        return len(data)


class _Part(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()


class ChunkedBody:
    """A chunked body. Chunk extensions are rejected, and trailers too unless they are allowed."""

    __slots__ = ("_left", "_line", "_part", "_trailers_left", "done")

    def __init__(self, *, trailers: bool) -> None:
        self._part = _Part.SIZE
        self._line = b""
        self._left = 0
        self._trailers_left = MAX_TRAILERS if trailers else 0
        self.done = False

    def consume(self, data: bytes, start: int) -> int:
        """See `Body`."""
        while start < len(data) and not self.done:
            match self._part:
                case _Part.DATA:
                    start = self._skip_data(data, start)
                case _Part.SIZE:
                    start = self._consume_line(data, start, _SIZE_DIGITS)
                case _Part.DATA_END:
                    start = self._consume_line(data, start, 0)
                case _Part.TRAILER:
                    start = self._consume_line(data, start, self._trailers_left)
        return start

    def _skip_data(self, data: bytes, start: int) -> int:
        size = min(self._left, len(data) - start)
        self._left -= size
        if not self._left:
            self._part = _Part.DATA_END
        return start + size

    def _consume_line(self, data: bytes, start: int, limit: int) -> int:
        """Collect a line of at most `limit` bytes, which may arrive in parts, and process it when it is complete."""
        # `+ 2` is CR LF. Of the data, no more than one line is copied.
        capacity = limit + 2 - len(self._line)
        end = data.find(b"\n", start, start + capacity)
        stop = end + 1 if end >= 0 else min(len(data), start + capacity)
        line = self._line + data[start:stop]
        if end < 0:
            # A CR at the end may be the first half of a CR LF that arrives in two parts.
            text = line.removesuffix(b"\r")
            if len(text) > limit or b"\r" in text:
                raise BadBody("A line of the chunked body is too long or malformed.")
            self._line = line
        else:
            # Only some parsers accept a bare CR or LF: sizes that two parsers read differently allow request smuggling.
            if line[-2:] != b"\r\n" or b"\r" in line[:-2]:
                raise BadBody("A line of the chunked body does not end with CR LF.")
            self._line = b""
            self._process_line(line[:-2])
        return stop

    def _process_line(self, line: bytes) -> None:
        match self._part:
            case _Part.SIZE:
                # `int` alone would also accept signs, blanks, underscores and `0x`.
                if not line or line.translate(None, _HEX):
                    raise BadBody("A chunk's size is malformed.")
                self._left = int(line, 16)
                self._part = _Part.DATA if self._left else _Part.TRAILER
            case _Part.DATA_END:
                self._part = _Part.SIZE
            case _:
                self._process_trailer(line)

    def _process_trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, TOKEN) or value.translate(None, TEXT):
            raise BadBody("A trailer is malformed.")
        # A limit of zero still admits the empty line that ends the body.
        self._trailers_left = max(0, self._trailers_left - len(line) - 2)


def request_body(head: RequestHead) -> Body | None:
    """Return the body after a request's head; None if there is none."""
    if head.headers.chunked:
        # Applications may read trailers of a request as headers, which were not checked.
        return ChunkedBody(trailers=False)
    length = head.headers.content_length
    return LengthBody(length) if length else None


def response_body(head: ResponseHead, *, method: bytes) -> Body | None:
    """Return the body after the head of a final response to a request of this method; None if there is none."""
    # These have no body even with a Content-Length (RFC 9112, 6.3): to wait for one would hang the connection.
    if method == b"HEAD" or head.status in (_NO_CONTENT, _NOT_MODIFIED):
        return None
    if head.headers.chunked:
        return ChunkedBody(trailers=True)
    length = head.headers.content_length
    if length is None:
        return OpenBody()
    return LengthBody(length) if length else None
