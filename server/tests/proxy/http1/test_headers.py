"""What is remembered of heads: only what was good, only what is small, and never anything but what it says."""

import pytest

from user_workspaces.proxy.http1.headers import HeaderCache, Headers, MalformedHead, parse_headers
from user_workspaces.proxy.http1.parser import RequestHead, parse_request

PLAIN = b"Host: a\r\nCookie: a=1; b=2\r\nConnection: keep-alive"


def seen(headers: Headers) -> tuple[object, ...]:
    """Return everything that it says."""
    return (
        headers.pairs,
        headers.first,
        headers.connection,
        headers.content_length,
        headers.chunked,
        headers.cookies,
        headers.websocket,
    )


def test_same_head_is_read_once() -> None:
    known = HeaderCache()
    first = known.read(PLAIN)
    assert known.read(bytes(bytearray(PLAIN))) is first
    assert seen(first) == seen(parse_headers(PLAIN))


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace(b"Host: a", b"Host: b"),
        PLAIN.replace(b"b=2", b"b=3"),
        PLAIN.replace(b"keep-alive", b"close"),
        PLAIN + b"\r\nX: y",
        PLAIN.lower(),
    ],
)
def test_head_that_differs_in_a_byte_is_another(other: bytes) -> None:
    known = HeaderCache()
    first = known.read(PLAIN)
    assert known.read(other) is not first
    assert seen(known.read(other)) == seen(parse_headers(other))


@pytest.mark.parametrize(
    "block",
    [
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Content-Length: 1\r\nContent-Length: 1",
        b"X : y",
        b"X: a\rb",
        b"X: a\nb",
        b"X: a\n",
        b" X: y",
        b"",
    ],
)
def test_refused_head_is_refused_every_time(block: bytes) -> None:
    known = HeaderCache()
    for _ in range(3):
        with pytest.raises(MalformedHead):
            known.read(block)


def test_line_that_was_good_once_does_not_make_the_head_good() -> None:
    known = HeaderCache()
    known.read(b"Content-Length: 1")
    known.read(b"Transfer-Encoding: chunked")
    with pytest.raises(MalformedHead):
        known.read(b"Content-Length: 1\r\nTransfer-Encoding: chunked")
    with pytest.raises(MalformedHead):
        known.read(b"Content-Length: 1\r\nContent-Length: 1")


@pytest.mark.parametrize(
    "block",
    [
        b"Cookie: " + b"a;" * 2_000,
        b"Connection: " + b",".join(b"%d" % number for number in range(500)),
        b"\r\n".join([b"X: y"] * 150),
        b"X: " + b"y" * 4_096,
    ],
)
def test_head_that_is_costly_to_keep_is_not_kept(block: bytes) -> None:
    known = HeaderCache()
    first = known.read(block)
    again = known.read(block)
    assert again is not first
    assert seen(again) == seen(first)


def test_number_of_heads_kept_is_bounded() -> None:
    known = HeaderCache(most=10)
    for number in range(25):
        block = b"Host: a%d" % number
        assert known.read(block) is known.read(block)
        assert len(known) <= 10


def test_framing_that_only_one_version_may_use_is_checked_for_each_request() -> None:
    block = b"\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for version, good in ((b"1.1", True), (b"1.0", False), (b"1.1", True)):
        assert isinstance(parse_request(b"POST / HTTP/" + version + block), RequestHead) is good


def test_host_that_only_one_version_may_leave_out_is_checked_for_each_request() -> None:
    for version, good in ((b"1.0", True), (b"1.1", False), (b"1.0", True)):
        assert isinstance(parse_request(b"GET / HTTP/" + version + b"\r\nX: y\r\n\r\n"), RequestHead) is good
