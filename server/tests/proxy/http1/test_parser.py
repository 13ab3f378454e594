"""Which heads are read, how, and which are refused."""

import pytest

from user_workspaces.proxy.http1.headers import MAX_HEADERS
from user_workspaces.proxy.http1.parser import (
    MAX_HEAD,
    Bad,
    NeedMore,
    RequestHead,
    ResponseHead,
    parse_request,
    parse_response,
)

pytestmark = pytest.mark.slow

PLAIN = b"GET /a?b=%20 HTTP/1.1\r\nHost: localhost:8000\r\nX-A:  b c \t\r\nx-a: d\r\n\r\n"


def accepted(data: bytes) -> RequestHead:
    head = parse_request(data)
    assert isinstance(head, RequestHead), head
    return head


def with_headers(*headers: str, line: str = "POST / HTTP/1.1", host: str = "Host: a") -> bytes:
    return "\r\n".join([line, *([host] if host else []), *headers, "", ""]).encode("latin-1")


def test_request_is_read_whole() -> None:
    head = accepted(PLAIN + b"rest")
    assert (head.method, head.target, head.minor, head.host) == (b"GET", b"/a?b=%20", 1, b"localhost:8000")
    assert head.headers.pairs == ((b"host", b"localhost:8000"), (b"x-a", b"b c"), (b"x-a", b"d"))
    assert (head.headers.first[b"x-a"], head.headers.all(b"x-a")) == (b"b c", [b"b c", b"d"])
    assert head.length == len(PLAIN)
    assert (head.headers.content_length, head.headers.chunked, head.headers.has_body) == (None, False, False)


def test_request_in_the_middle_of_the_bytes_is_read() -> None:
    head = parse_request(b"xx" + PLAIN, 2)
    assert isinstance(head, RequestHead)
    assert head.length == len(PLAIN)


@pytest.mark.parametrize("size", range(len(PLAIN)))
def test_every_beginning_of_a_head_needs_more(size: int) -> None:
    assert isinstance(parse_request(PLAIN[:size]), NeedMore)


@pytest.mark.parametrize(
    ("headers", "length", "chunked"),
    [
        (["Content-Length: 0"], 0, False),
        (["Content-Length: 0012"], 12, False),
        (["content-LENGTH:9999999999999999999"], 9_999_999_999_999_999_999, False),
        (["Transfer-Encoding: chunked"], None, True),
        (["transfer-encoding:  chunked "], None, True),
    ],
)
def test_framing_is_read(headers: list[str], length: int | None, *, chunked: bool) -> None:
    head = accepted(with_headers(*headers))
    assert (head.headers.content_length, head.headers.chunked) == (length, chunked)


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 1"],
        ["Content-Length: 1", "Content-Length: 1"],
        ["Content-Length: 1", "content-length: 2"],
        ["Content-Length: 1, 1"],
        ["Content-Length: -1"],
        ["Content-Length: +1"],
        ["Content-Length: 1_0"],
        ["Content-Length: 0x1"],
        ["Content-Length: 1 0"],
        ["Content-Length: \xb2"],
        ["Content-Length:"],
        ["Content-Length: 12345678901234567890"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: Chunked"],
        ["Transfer-Encoding: chunked\t"],
        ["Transfer-Encoding:\tchunked"],
        ["Content-Length: 1\t"],
        ["Content-Length:\t1"],
        ["Transfer-Encoding:"],
        ['Transfer-Encoding: "chunked"'],
        ["Transfer-Encoding: chunked;q=1"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding\t: chunked"],
        [" Content-Length: 1"],
        ["X: a", " b"],
        ["X: a", "\tb"],
        ["X"],
        [": a"],
        [""],
        ["X y: a"],
        ["X\xe4: a"],
        ["X(: a"],
        ["X: \x00"],
        ["X: \x0b"],
        ["X: \x7f"],
        ["X: a\rb"],
        ["X: a\nContent-Length: 1"],
        ["X: a\n"],
        ["X: a\r"],
        ["Host: a"],
        ["Origin: http://a", "Origin: http://b"],
        ["Upgrade: websocket", "Upgrade: h2c"],
    ],
)
def test_ambiguous_or_malformed_field_is_refused(headers: list[str]) -> None:
    if headers == [""]:
        assert accepted(with_headers(*headers)).length == len(with_headers())
    else:
        assert isinstance(parse_request(with_headers(*headers)), Bad)


@pytest.mark.parametrize("host", ["", "Host:", "Host: a b", "Host: a/b", "Host: a@b", "Host: a,b", "Host: \xe4"])
def test_host_that_is_missing_or_malformed_is_refused(host: str) -> None:
    assert parse_request(with_headers(host=host)) == Bad(400, "The Host header is missing or malformed.")


def test_http_1_0_may_have_no_host_but_no_coding() -> None:
    head = accepted(with_headers(line="GET / HTTP/1.0", host=""))
    assert (head.minor, head.host, head.keep_alive) == (0, b"", False)
    assert isinstance(parse_request(with_headers("Transfer-Encoding: chunked", line="POST / HTTP/1.0")), Bad)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /", 400),
        ("GET  / HTTP/1.1", 400),
        (" GET / HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        ("GET\t/ HTTP/1.1", 400),
        ("GET / a HTTP/1.1", 400),
        ("G(T / HTTP/1.1", 400),
        ("get / HTTP/1.1", 405),
        ("TRACE / HTTP/1.1", 405),
        ("CONNECT localhost:80 HTTP/1.1", 405),
        ("PRI * HTTP/2.0", 505),
        ("OPTIONS * HTTP/1.1", 400),
        ("GET http://localhost/ HTTP/1.1", 400),
        ("GET a HTTP/1.1", 400),
        ("GET /\xe4 HTTP/1.1", 400),
        ("GET /a#b HTTP/1.1", 400),
        ("GET / HTTP/1.2", 505),
        ("GET / HTTP/0.9", 505),
        ("GET / HTTP/3.0", 505),
        ("GET / HTTP/11", 400),
        ("GET / http/1.1", 400),
        ("GET / HTTP/1.1x", 400),
        ("", 400),
        ("\r\nGET / HTTP/1.1", 400),
    ],
)
def test_request_line_that_is_not_served_is_refused(line: str, status: int) -> None:
    bad = parse_request(with_headers(line=line))
    assert isinstance(bad, Bad)
    assert bad.status == status


def test_bare_line_feeds_are_refused_before_the_head_is_complete() -> None:
    assert isinstance(parse_request(b"GET / HTTP/1.1\n"), Bad)
    assert isinstance(parse_request(b"GET / HTTP/1.1\nHost: a\n\n"), Bad)


def test_sizes_are_bounded() -> None:
    reservation = MAX_HEAD - len(with_headers("X: "))
    assert accepted(with_headers("X: " + "x" * reservation)).length == MAX_HEAD
    assert parse_request(with_headers("X: " + "x" * (reservation + 1))) == Bad(
        431, "The head of the message is too long."
    )
    assert parse_request(b"x" * MAX_HEAD) == Bad(431, "The head of the message is too long.")
    assert len(accepted(with_headers(*["X: y"] * (MAX_HEADERS - 1))).headers.pairs) == MAX_HEADERS
    assert parse_request(with_headers(*["X: y"] * MAX_HEADERS)) == Bad(431, "Too many headers.")


@pytest.mark.parametrize(
    ("headers", "options", "keep_alive"),
    [
        ([], set(), True),
        (["Connection: keep-alive"], {b"keep-alive"}, True),
        (["Connection: Close"], {b"close"}, False),
        (["Connection: keep-alive, X-A ,\tclose"], {b"keep-alive", b"x-a", b"close"}, False),
        (["Connection: keep-alive", "Connection: close"], {b"keep-alive", b"close"}, False),
    ],
)
def test_connection_options_are_read(headers: list[str], options: set[bytes], *, keep_alive: bool) -> None:
    head = accepted(with_headers(*headers))
    assert (set(head.headers.connection), head.keep_alive) == (options, keep_alive)


@pytest.mark.parametrize(
    ("line", "headers", "websocket"),
    [
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"], True),
        ("GET / HTTP/1.1", ["Connection: keep-alive, upgrade", "Upgrade: WebSocket"], True),
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"], True),
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 1"], False),
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket", "Transfer-Encoding: chunked"], False),
        ("POST / HTTP/1.1", ["Connection: Upgrade", "Upgrade: websocket"], False),
        ("GET / HTTP/1.0", ["Connection: Upgrade", "Upgrade: websocket"], False),
        ("GET / HTTP/1.1", ["Upgrade: websocket"], False),
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: h2c"], False),
    ],
)
def test_websocket_handshake_is_reported_apart(line: str, headers: list[str], *, websocket: bool) -> None:
    assert accepted(with_headers(*headers, line=line)).websocket is websocket


def test_response_is_read_whole() -> None:
    head = parse_response(b"HTTP/1.1 404 Not Here\r\nContent-Length: 3\r\n\r\nabc")
    assert isinstance(head, ResponseHead)
    assert (head.status, head.reason, head.headers.content_length, head.keep_alive) == (404, b"Not Here", 3, True)
    assert head.length == len(b"HTTP/1.1 404 Not Here\r\nContent-Length: 3\r\n\r\n")


@pytest.mark.parametrize("line", ["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK", "HTTP/1.1 200 \xe4 b"])
def test_response_with_an_odd_reason_is_read(line: str) -> None:
    head = parse_response(f"{line}\r\n\r\n".encode("latin-1"))
    assert isinstance(head, ResponseHead)
    assert head.keep_alive is line.startswith("HTTP/1.1")


@pytest.mark.parametrize(
    "line", ["HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 600 OK", "HTTP/1.1  200 OK", "HTTP/2 200 OK", "ICY 200 OK"]
)
def test_response_with_a_malformed_status_is_refused(line: str) -> None:
    assert isinstance(parse_response(f"{line}\r\n\r\n".encode()), Bad)
