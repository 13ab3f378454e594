"""What we read, others must read in the same way: our framing against h11 and httptools, on hostile bytes.

Whatever we accept, both must accept, with the same method, target, headers, and the same last byte. What we
refuse, they may accept.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import h11
import httptools
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.budget import budget
from user_workspaces.proxy.http1.body import BadBody, request_body
from user_workspaces.proxy.http1.parser import RequestHead, parse_request

pytestmark = pytest.mark.slow

EXAMPLES: Final = budget(300, full=3000)
SEED: Final = 20_250


@dataclass(frozen=True)
class Reading:
    """One request, as somebody reads it; `size`: the bytes that it takes, from the first."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    size: int


def reading(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], size: int) -> Reading:
    return Reading(method, target, tuple((name.lower(), value.strip(b" \t")) for name, value in headers), size)


def ours(data: bytes, *, piece: int) -> Reading | None:
    head = parse_request(data)
    if not isinstance(head, RequestHead):
        return None
    size = head.length
    body = request_body(head)
    try:
        while body is not None and not body.done:
            if size >= len(data):
                return None
            size += body.consume(data[size : size + piece], 0)
    except BadBody:
        return None
    return reading(head.method, head.target, head.headers.pairs, size)


def h11s(data: bytes) -> Reading | str:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=200_000)
    connection.receive_data(data)
    request: h11.Request | None = None
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.EndOfMessage):
                break
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return "more is needed"
    except h11.RemoteProtocolError as error:
        return str(error)
    assert request is not None
    headers = [(bytes(name), bytes(value)) for name, value in request.headers]
    return reading(request.method, request.target, headers, len(data) - len(connection.trailing_data[0]))


class _Collect:
    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_message_complete(self) -> None:
        self.complete = True


def httptoolss(data: bytes) -> Reading | str:
    collect = _Collect()
    parser = httptools.HttpRequestParser(collect)
    for index in range(len(data)):
        try:
            parser.feed_data(data[index : index + 1])
        except httptools.HttpParserUpgrade:
            assert collect.complete
        except httptools.HttpParserError as error:
            return f"{type(error).__name__}: {error}"
        if collect.complete:
            return reading(parser.get_method(), collect.target, collect.headers, index + 1)
    return "more is needed"


def agree(data: bytes) -> bool:
    """Check one input; return whether we accept it."""
    mine = ours(data, piece=len(data) + 1)
    assert mine == ours(data, piece=1) == ours(data, piece=3), f"the pieces matter: {data!r}"
    if mine is None:
        return False
    assert h11s(data) == mine, data
    assert httptoolss(data) == mine, data
    return True


EXTRA_HEADERS: Final = [
    b"Host: a",
    b"Host: localhost:8000",
    b"Content-Length: 5",
    b"Content-Length: 0",
    b"Content-Length: 05",
    b"content-length:5 ",
    b"Content-Length: 5, 5",
    b"Content-Length: +5",
    b"Content-Length: 18446744073709551621",
    b"Content-Length : 5",
    b"Transfer-Encoding: chunked",
    b"transfer-encoding:\tCHUNKED\t",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked\t",
    b"Content-Length: 5\t",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding : chunked",
    b" Transfer-Encoding: chunked",
    b"Transfer-Encoding: x\r\n chunked",
    b"Connection: close",
    b"Connection: keep-alive, Content-Length",
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
    b"Cookie: a=1; b=2",
    b"X:",
    b"X: \xff\x80",
    b"X: a\x00b",
    b"X-\xe4: a",
    b"X",
    b"",
]
BODIES: Final = [
    b"",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"05\r\nhello\r\n000\r\n\r\n",
    b"a\r\n0123456789\r\n0\r\n\r\n",
    b"5;x=y\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\n0\n\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhelloX\r\n0\r\n\r\n",
    b"0\r\nX: y\r\n\r\n",
    b"0\r\n\n",
    b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    b"-1\r\nhello\r\n0\r\n\r\n",
]
LINES: Final = [
    b"GET / HTTP/1.1",
    b"POST /a?b HTTP/1.1",
    b"HEAD /%20 HTTP/1.0",
    b"PUT /a|^`{}\"<>\\' HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
]
ENDS: Final = [b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b"\n\r"]
NEXT: Final = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

lines = st.one_of(
    st.sampled_from(LINES),
    st.builds(
        lambda method, target, version: b" ".join((method, target, version)),
        st.sampled_from([b"GET", b"POST", b"DELETE", b"SEARCH", b"get", b"FOO"]),
        st.binary(max_size=8).map(lambda tail: b"/" + tail),
        st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2"]),
    ),
)
headers = st.one_of(
    st.sampled_from(EXTRA_HEADERS),
    st.builds(lambda name, value: name + b":" + value, st.binary(max_size=6), st.binary(max_size=12)),
)
requests = st.builds(
    lambda line, first, rest, body, end: end.join([line, first, *rest, b"", b""]) + body + NEXT,
    lines,
    st.sampled_from(EXTRA_HEADERS[:2]),
    st.lists(headers, max_size=5),
    st.one_of(st.sampled_from(BODIES), st.binary(max_size=30)),
    st.sampled_from(ENDS),
)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(requests)
@example(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + NEXT)
def test_generated_requests_are_parsed_as_by_other_parsers(data: bytes) -> None:
    agree(data)


def seeds() -> list[bytes]:
    """Return requests that we accept, for the mutator to spoil."""
    framings = {b"Content-Length: 5": BODIES[1], b"Transfer-Encoding: chunked": BODIES[2], b"X: y": b""}
    return [
        b"\r\n".join([line, b"Host: a", field, b"Cookie: a=b", b"", b""]) + body + NEXT
        for line in LINES[:2]
        for field, body in framings.items()
    ]


def spoil(data: bytes, dice: random.Random) -> bytes:
    """Return it with one thing changed."""
    at, to = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
    match dice.randrange(6):
        case 0:
            return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes([dice.choice(b"\r\n\t :;,\x00\x0b\xff05a")]) + data[at:]
        case 2:
            return data[:at] + data[at + 1 :]
        case 3:
            return data[:at] + dice.choice(EXTRA_HEADERS) + b"\r\n" + data[at:]
        case 4:
            return data.replace(b"\r\n", b"\r\n" + dice.choice(EXTRA_HEADERS) + b"\r\n", 1 + dice.randrange(2))
        case _:
            return data[:to] + data[at : min(to, at + 40)] + data[to:]


def test_mutated_requests_are_parsed_as_by_other_parsers() -> None:
    dice = random.Random(SEED)  # noqa: S311 - the same tries in every run
    corpus = seeds()
    assert all(agree(data) for data in corpus)
    accepted = 0
    for _ in range(EXAMPLES):
        data = dice.choice(corpus)
        for _ in range(dice.randrange(1, 4)):
            data = spoil(data, dice)
        accepted += agree(data)
    assert accepted > EXAMPLES // 20, "the tries are too wild to show anything"


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("field", EXTRA_HEADERS)
def test_each_trick_with_each_body_is_parsed_as_by_other_parsers(field: bytes, body: bytes) -> None:
    agree(b"\r\n".join([b"POST / HTTP/1.1", b"Host: a", field, b"", b""]) + body + NEXT)
    for other in EXTRA_HEADERS[2:14]:
        agree(b"\r\n".join([b"POST / HTTP/1.1", b"Host: a", other, field, b"", b""]) + body + NEXT)
