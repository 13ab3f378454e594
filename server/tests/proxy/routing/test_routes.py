"""The table of sessions, and the decision about each request."""

from dataclasses import replace
from itertools import product

import pytest

from proxy.addresses import BASE, COOKIE, EPOCH, HANDSHAKE, HTTP_JOB, ORIGIN, OWNER, verify_cookie
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.http1.parser import RequestHead, parse_request
from user_workspaces.proxy.routing.routes import (
    CookieClaims,
    Decision,
    HandOver,
    Reject,
    Relay,
    Route,
    RouteTable,
    SessionOrigins,
    decide,
    is_own_origin,
    origin_job,
    passthrough_job,
)

pytestmark = pytest.mark.slow

ENDPOINT = Endpoint("/s.sock", authorization="token x")
ROUTE = Route(HTTP_JOB, OWNER, EPOCH, f"{BASE}/", ENDPOINT, by_path=True)
ON_HOST = replace(ROUTE, host=b"s12.localhost", by_path=False)
ON_PORT = replace(ROUTE, port=8112, by_path=False)
ON_BOTH = replace(ON_HOST, port=8112)
DOMAINS = ("localhost", "sessions.example.org")
ORIGINS = SessionOrigins(
    domains=DOMAINS,
    ports=range(8100, 8200),
    is_portal=lambda host: b"s12" not in host.lower() and b"s13" not in host and b"evil" not in host,
)
MAIN = 8000


def table_of(*routes: Route) -> RouteTable:
    table = RouteTable()
    table.replace(routes)
    return table


def request(target: str = f"{BASE}/lab", *headers: str, method: str = "GET", host: str = "localhost") -> RequestHead:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    head = parse_request("\r\n".join(lines).encode())
    assert isinstance(head, RequestHead), head
    return head


def decided(head: RequestHead, *routes: Route, port: int = MAIN) -> Decision:
    return decide(head, table=table_of(*routes), verify_cookie=verify_cookie, origins=ORIGINS, port=port)


def status_of(decision: Decision) -> int:
    assert isinstance(decision, Reject)
    return decision.status


@pytest.mark.parametrize(
    ("path", "job_id"),
    [
        (b"/passthrough/local/12/", 12),
        (b"/passthrough/local/12/lab/tree/a%20b", 12),
        (b"/passthrough/any.thing:80/12/../13/", 12),
        (b"/passthrough/x/999999999999999999/", 999_999_999_999_999_999),
        (b"/passthrough/x/1000000000000000000/", None),
        (b"/passthrough/local/12", None),
        (b"/passthrough/local//12/", None),
        (b"/passthrough//12/", None),
        (b"/passthrough/12/", None),
        (b"/passthrough/x/-1/", None),
        (b"/passthrough/x/1a/", None),
        (b"/passthrough/x/%31/", None),
        (b"/passthrough/x/\xc2\xb2/", None),
        (b"//passthrough/x/12/", None),
        (b"/Passthrough/x/12/", None),
        (b"/a/passthrough/x/12/", None),
        (b"/", None),
    ],
)
def test_job_is_found_in_the_path(path: bytes, job_id: int | None) -> None:
    assert passthrough_job(path) == job_id


@pytest.mark.parametrize(
    ("host", "job_id"),
    [
        (b"localhost", None),
        (b"localhost:8000", None),
        (b"s12.localhost", 12),
        (b"S12.LOCALHOST:8000", 12),
        (b"s12.localhost.", 12),
        (b"s12.localhost.:80", 12),
        (b"s12.sessions.example.org", 12),
        (b"x.s12.localhost", -1),
        (b"s12.s13.localhost", -1),
        (b"x12.localhost", None),
        (b"s.localhost", None),
        (b"s12x.localhost", None),
        (b"s12.evil.example", None),
        (b"s12localhost", None),
        (b"[::1]:8000", None),
        (b"", None),
    ],
)
def test_job_is_found_in_the_host(host: bytes, job_id: int | None) -> None:
    assert origin_job(host, DOMAINS) == job_id


def test_good_cookie_is_relayed() -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert decided(request(f"{BASE}/x?y", f"Cookie: a=b; {COOKIE}", method=method), ROUTE) == Relay(ROUTE)
    assert decided(request(f"{BASE}/ws", f"Cookie: {COOKIE}", HANDSHAKE, ORIGIN), ROUTE) == Relay(ROUTE)


def test_good_cookie_behind_a_foreign_one_of_its_name_is_found() -> None:
    tossed = f"uws-session-{HTTP_JOB}=tossed; uws-session-{HTTP_JOB}={HTTP_JOB}.99.{EPOCH}"
    assert decided(request(f"{BASE}/x", f"Cookie: {tossed}; {COOKIE}"), ROUTE) == Relay(ROUTE)
    assert decided(request(f"{BASE}/x", f"Cookie: {tossed}", f"Cookie: {COOKIE}"), ROUTE) == Relay(ROUTE)


def test_number_of_cookies_tried_is_bounded() -> None:
    tried: list[str] = []

    def count(value: str, _job_id: int) -> CookieClaims | None:
        tried.append(value)
        return None

    cookies = "; ".join(f"uws-session-{HTTP_JOB}={number}" for number in range(500))
    head = request(f"{BASE}/x", f"Cookie: {cookies}")
    assert decide(head, table=table_of(ROUTE), verify_cookie=count) == HandOver()
    assert tried == ["0", "1", "2", "3"]


def test_every_combination_of_claim_and_route() -> None:
    """Walk all: only owner and epoch together open a session, and only a WebSocket is refused by us."""
    for job_id, user_id, epoch, live, websocket in product(
        (HTTP_JOB, 13), (OWNER, 8), (EPOCH, 2), (True, False), (True, False)
    ):
        cookie = f"Cookie: uws-session-{HTTP_JOB}={job_id}.{user_id}.{epoch}"
        head = request(f"{BASE}/x", cookie, *([HANDSHAKE, ORIGIN] if websocket else []))
        decision = decided(head, *([ROUTE] if live else []))
        if live and (job_id, user_id, epoch) == (HTTP_JOB, OWNER, EPOCH):
            assert decision == Relay(ROUTE)
        elif not websocket:
            assert decision == HandOver()
        else:
            assert status_of(decision) == (403 if live else 404)


@pytest.mark.parametrize("query", ["ticket=abc", "a=1&ticket=", "ticket=a&ticket=b"])
def test_ticket_is_the_hubs(query: str) -> None:
    for method in ("GET", "POST"):
        assert decided(request(f"{BASE}/x?{query}", f"Cookie: {COOKIE}", method=method), ROUTE) == HandOver()
    assert status_of(decided(request(f"{BASE}/x?{query}", f"Cookie: {COOKIE}", HANDSHAKE), ROUTE)) == 403


@pytest.mark.parametrize("query", ["aticket=abc", "x=ticket", "tickets=1"])
def test_what_only_looks_like_a_ticket_is_relayed(query: str) -> None:
    assert decided(request(f"{BASE}/x?{query}", f"Cookie: {COOKIE}"), ROUTE) == Relay(ROUTE)


HOSTS = (
    "s12.localhost", "S12.LocalHost:1", "s12.localhost.", "s12.localhost.:8000", "x.s12.localhost", "s13.localhost",
    "s12.sessions.example.org", "localhost", "localhost:8112", "127.0.0.1:8000", "[::1]:8000",
    "app.example", "s12.evil.example", "s12.localhost.evil.example", "s12localhost",
)  # fmt: skip
SAY_SO = (
    "X-Forwarded-Host: s12.localhost", "X-Forwarded-Port: 8112", "X-Forwarded-Server: s12.localhost",
    "Forwarded: host=s12.localhost", "X-Host: s12.localhost", "X-Original-Host: s12.localhost", "X-Real-Port: 8112",
)  # fmt: skip


@pytest.mark.parametrize("route", [ROUTE, ON_HOST, ON_PORT, ON_BOTH], ids=["path", "host", "port", "both"])
@pytest.mark.parametrize("port", [MAIN, 0, 8112, 8113])
@pytest.mark.parametrize("host", HOSTS)
def test_session_is_served_in_its_own_place_and_nowhere_else(host: str, port: int, route: Route) -> None:
    """Walk all: by path it is on the portal's hosts, else on its own name or its own port, whatever is said beside."""
    is_own_host = host.lower().partition(":")[0] == "s12.localhost"
    is_portal = host.startswith(("localhost", "127.0.0.1", "[::1]", "app.example"))
    if port in ORIGINS.ports:
        own = route.port == port and is_portal
    else:
        own = route.by_path if is_portal else is_own_host and bool(route.host)
    for more in ((), SAY_SO):
        cookie = f"Cookie: {COOKIE}"
        assert decided(request(f"{BASE}/x", cookie, *more, host=host), route, port=port) == (
            Relay(route) if own else HandOver()
        )
        handshake = decided(
            request(f"{BASE}/x", cookie, HANDSHAKE, f"Origin: http://{host}", *more, host=host), route, port=port
        )
        assert handshake == Relay(route) if own else status_of(handshake) == 404
    assert is_own_origin(route, host=host.encode(), port=port, origins=ORIGINS) == own
    assert not is_own_origin(None, host=host.encode(), port=port, origins=ORIGINS)


def test_a_host_below_another_domain_is_not_the_sessions_own() -> None:
    elsewhere = replace(ON_HOST, host=b"s12.sessions.example.org")
    head = request(f"{BASE}/x", f"Cookie: {COOKIE}", host="s12.localhost")
    assert decided(head, elsewhere) == HandOver()


def test_a_port_of_sessions_that_none_has_serves_nothing() -> None:
    for target in (f"{BASE}/x", "/", "/jobs/"):
        head = request(target, f"Cookie: {COOKIE}")
        assert decided(head, ON_BOTH, port=8150) == HandOver()
        assert status_of(decided(request(target, HANDSHAKE), ON_BOTH, port=8150)) == 404


def test_the_cookie_of_a_session_has_the_prefix_that_the_site_says() -> None:
    origins = replace(ORIGINS, cookie=b"__Host-uws-session-%d")
    for name, relayed in ((f"__Host-{COOKIE}", True), (COOKIE, False)):
        head = request(f"{BASE}/x", f"Cookie: {name}")
        decision = decide(head, table=table_of(ROUTE), verify_cookie=verify_cookie, origins=origins, port=MAIN)
        assert decision == (Relay(ROUTE) if relayed else HandOver())


def test_table_names_the_ports_of_its_sessions_and_reports_when_it_was_read() -> None:
    table, told = RouteTable(), list[frozenset[int]]()
    table.on_replace(lambda: told.append(table.ports()))
    table.replace([ON_PORT, replace(ROUTE, job_id=13)])
    table.replace([])
    assert told == [frozenset({8112}), frozenset()]


def test_everything_else_is_the_hubs() -> None:
    for target in ("/", "/workspaces/", "/passthrough/", "/jobs/?ticket=1"):
        assert decided(request(target, f"Cookie: {COOKIE}", host="s12.localhost"), ROUTE) == HandOver()
        assert decided(request(target, HANDSHAKE), ROUTE) == HandOver()
        assert status_of(decided(request(target, HANDSHAKE, host="s12.localhost"), ROUTE)) == 404


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        (["Origin: http://localhost:8000"], True),
        (["Origin: https://LOCALHOST:8000"], True),
        (["Origin: http://localhost:8000", "Sec-Fetch-Site: same-origin"], True),
        (["Origin: http://localhost:8000", "Sec-Fetch-Site: none"], True),
        (["Origin: http://localhost"], False),
        (["Origin: http://localhost:8001"], False),
        (["Origin: http://s12.localhost:8000"], False),
        (["Origin: null"], False),
        (["Origin:"], False),
        (["Origin: localhost:8000"], False),
        (["Sec-Fetch-Site: cross-site"], False),
        (["Sec-Fetch-Site: same-site"], False),
    ],
)
def test_other_sites_may_read_nothing_and_write_nothing(headers: list[str], *, allowed: bool) -> None:
    cookie = f"Cookie: {COOKIE}"
    for method, more in (("POST", []), ("DELETE", []), ("PROPFIND", []), ("GET", [HANDSHAKE])):
        decision = decided(request(f"{BASE}/x", cookie, *more, *headers, method=method, host="localhost:8000"), ROUTE)
        assert decision == Relay(ROUTE) if allowed else status_of(decision) == 403
    assert decided(request(f"{BASE}/x", cookie, *headers, host="localhost:8000"), ROUTE) == Relay(ROUTE)


def test_table_reports_what_is_gone_and_nothing_else() -> None:
    table = table_of(ROUTE, replace(ROUTE, job_id=13), replace(ROUTE, job_id=14))
    gone: list[tuple[int, Route | None]] = []
    table.on_gone(lambda job_id: gone.append((job_id, table.get(job_id))))
    changed = replace(ROUTE, job_id=13, epoch=EPOCH + 1)
    same = table.get(HTTP_JOB)
    table.replace([replace(ROUTE), changed, replace(ROUTE, job_id=15)])
    assert gone == [(13, changed), (14, None)]
    assert table.get(HTTP_JOB) is same
    assert table.get(15) == replace(ROUTE, job_id=15)


@pytest.mark.parametrize(
    "changes",
    [{"owner_id": 8}, {"epoch": 4}, {"endpoint": Endpoint("/other.sock", authorization="token x")}, {"base_path": "/"}],
)
def test_any_change_of_a_route_is_reported(changes: dict[str, object]) -> None:
    table = table_of(ROUTE)
    gone: list[int] = []
    table.on_gone(gone.append)
    table.replace([ROUTE])
    assert gone == []
    table.replace([replace(ROUTE, **changes)])  # type: ignore[arg-type] # a field each
    assert gone == [HTTP_JOB]
