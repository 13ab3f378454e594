"""Bodies of requests piece by piece, as they arrive: none is ever held in memory, and none that broke off is whole."""

from collections.abc import Callable, Iterator

from django.http import HttpRequest, UnreadablePostError

from user_workspaces.errors import InvalidRequest, WrongType

PIECE = 256 * 1024
"""In bytes."""
_MOST_DIGITS = 18


def declared_length(request: HttpRequest) -> int | None:
    """Return how many bytes the sender announces; None for a body whose end shows when it comes."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return None
    text = request.META.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidRequest("Content-Length must be a number.")
    return int(text)


def pieces_of(request: HttpRequest) -> Iterator[bytes]:
    """Return the body in pieces of at most `PIECE` bytes; raises `InvalidRequest` where it breaks off."""
    if request.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
        raise WrongType("Send the body as it is: Content-Encoding is not understood here.")
    return _pieces(_reader(request), declared_length(request))


def _reader(request: HttpRequest) -> Callable[[int], bytes]:
    if declared_length(request) is None:
        # Django takes a body without a length for an empty one; what carries the request knows its end.
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
    if length is not None and received < length:
        raise InvalidRequest(f"The body broke off after {received} of {length} bytes.")
