"""Where bodies end, in whatever pieces they come."""

import pytest

from user_workspaces.proxy.http1.body import (
    MAX_TRAILERS,
    BadBody,
    Body,
    ChunkedBody,
    LengthBody,
    OpenBody,
    request_body,
    response_body,
)
from user_workspaces.proxy.http1.parser import RequestHead, ResponseHead, parse_request, parse_response

pytestmark = pytest.mark.slow


def end_of(body: Body, data: bytes, *, piece: int) -> int:
    """Feed in pieces; return where the body ended, -1 when it did not."""
    for start in range(0, len(data), piece):
        end = body.consume(data[start : start + piece], 0)
        if body.done:
            return start + end
        assert end == len(data[start : start + piece])
    return -1


CHUNKED = [
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n",
    b"00000000000000aA\r\n" + b"x" * 170 + b"\r\n000\r\n\r\n",
    b"A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("data", CHUNKED)
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_chunked_body_ends_where_it_ends(data: bytes, piece: int) -> None:
    assert end_of(ChunkedBody(trailers=False), data + b"GET / HTTP", piece=piece) == len(data)


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_chunked_body_may_have_trailers_where_they_are_allowed(piece: int) -> None:
    data = b"1\r\nx\r\n0\r\nA: b\r\nC-D:\r\n\r\n"
    assert end_of(ChunkedBody(trailers=True), data + b"rest", piece=piece) == len(data)
    with pytest.raises(BadBody):
        end_of(ChunkedBody(trailers=False), data, piece=piece)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b" 1\r\n",
        b"1 \r\n",
        b"1;a=b\r\n",
        b"1;\r\n",
        b"1\n",
        b"1\rx",
        b"00000000000000001\r\n",
        b"1\r\nxy",
        b"1\r\nx\n",
        b"1\r\nx\rx",
        b"1\r\nx\r\n\r\n",
        b"0\r\nx",
        b"0\r\n\n",
        b"0\n\r\n",
    ],
)
@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_malformed_chunk_is_refused_at_once(data: bytes, piece: int) -> None:
    with pytest.raises(BadBody):
        end_of(ChunkedBody(trailers=False), data, piece=piece)


@pytest.mark.parametrize("line", [b"a\r\n", b": b\r\n", b"a b: c\r\n", b"a: \x00\r\n", b" a: b\r\n", b"a: b\n"])
def test_malformed_trailer_is_refused(line: bytes) -> None:
    with pytest.raises(BadBody):
        end_of(ChunkedBody(trailers=True), b"0\r\n" + line + b"\r\n", piece=1000)


@pytest.mark.parametrize("line", [b"a: " + b"x" * MAX_TRAILERS, b"a: b\r\n" * (MAX_TRAILERS // 6 + 2)])
def test_trailers_are_bounded(line: bytes) -> None:
    with pytest.raises(BadBody):
        end_of(ChunkedBody(trailers=True), b"0\r\n" + line + b"\r\n\r\n", piece=1000)


@pytest.mark.parametrize("piece", [1, 4, 100])
def test_body_of_known_length_ends_after_it(piece: int) -> None:
    assert end_of(LengthBody(10), b"x" * 15, piece=piece) == 10


def test_body_without_a_length_takes_everything() -> None:
    assert end_of(OpenBody(), b"x" * 15, piece=4) == -1


def test_request_has_the_body_that_its_head_reports() -> None:
    def kind(field: bytes) -> type | None:
        head = parse_request(b"POST / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n")
        assert isinstance(head, RequestHead)
        body = request_body(head)
        return type(body) if body else None

    assert [kind(b""), kind(b"Content-Length: 0\r\n")] == [None, None]
    assert kind(b"Content-Length: 5\r\n") is LengthBody
    assert kind(b"Transfer-Encoding: chunked\r\n") is ChunkedBody


@pytest.mark.parametrize(
    ("method", "status", "field", "kind"),
    [
        (b"GET", 200, b"", OpenBody),
        (b"GET", 200, b"Content-Length: 0\r\n", None),
        (b"GET", 200, b"Content-Length: 5\r\n", LengthBody),
        (b"GET", 200, b"Transfer-Encoding: chunked\r\n", ChunkedBody),
        (b"HEAD", 200, b"Transfer-Encoding: chunked\r\n", None),
        (b"HEAD", 200, b"Content-Length: 5\r\n", None),
        (b"HEAD", 200, b"", None),
        (b"GET", 204, b"", None),
        (b"GET", 204, b"Content-Length: 5\r\n", None),
        (b"GET", 304, b"Content-Length: 5\r\n", None),
        (b"GET", 404, b"", OpenBody),
    ],
)
def test_response_has_the_body_that_its_head_and_the_method_report(
    method: bytes, status: int, field: bytes, kind: type | None
) -> None:
    head = parse_response(b"HTTP/1.1 %d X\r\n%b\r\n" % (status, field))
    assert isinstance(head, ResponseHead)
    body = response_body(head, method=method)
    assert (type(body) if body else None) is kind
