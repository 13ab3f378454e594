"""Reads request bodies piece by piece while they arrive, and notices those that are incomplete."""

from collections.abc import Callable, Iterator

from django.http import HttpRequest, UnreadablePostError

from user_workspaces.errors import InvalidRequest, WrongType

PIECE = 256 * 1024
"""In bytes."""
_MOST_DIGITS = 18


def declared_length(request: HttpRequest) -> int | None:
    """Return the length of the body in bytes; None for a chunked body, whose length is not declared."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return None
    text = request.META.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidRequest("Content-Length must be a number.")
    return int(text)


def pieces_of(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body in pieces of at most `PIECE` bytes; raises `InvalidRequest` if it is incomplete."""
    if request.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
        raise WrongType("Content-Encoding is not supported for uploads. Send the body without it.")
    return _pieces(_reader(request), declared_length(request))


def _reader(request: HttpRequest) -> Callable[[int], bytes]:
    if declared_length(request) is None:
        # Django reads nothing without Content-Length; the WSGI input below it knows where a chunked body ends.
        read: Callable[[int], bytes] = request.META["wsgi.input"].read
        return read
    return request.read


def _pieces(read: Callable[[int], bytes], length: int | None) -> Iterator[bytes]:
    received = 0
    try:
        while piece := read(PIECE):
            received += len(piece)
            yield piece
    except (UnreadablePostError, ConnectionError, TimeoutError):
        raise InvalidRequest("The body broke off.") from None
    # An input may end without an error when the client disconnects: only the length shows it.
    if length is not None and received < length:
        raise InvalidRequest(f"The body broke off after {received} of {length} bytes.")
