"""The decision about requests to applications that check no origin themselves, or have a whole host to themselves."""

from dataclasses import replace

import pytest

from proxy.addresses import BASE, COOKIE, HANDSHAKE
from proxy.routing.test_routes import ENDPOINT, MAIN, ON_BOTH, ROUTE, decided, request, status_of
from user_workspaces.interfaces.endpoint import Mount
from user_workspaces.proxy.routing.routes import HandOver, Relay

ON_ROOT = replace(ON_BOTH, endpoint=replace(ENDPOINT, mount=Mount.ROOT))


@pytest.mark.parametrize("headers", [[], ["Sec-Fetch-Site: same-origin"], ["Authorization: Basic eDp5"]])
def test_handshake_without_an_origin_is_refused_and_other_requests_are_not(headers: list[str]) -> None:
    cookie = f"Cookie: {COOKIE}"
    assert status_of(decided(request(f"{BASE}/x", cookie, HANDSHAKE, *headers), ROUTE)) == 403
    for method in ("GET", "POST"):
        assert decided(request(f"{BASE}/x", cookie, *headers, method=method), ROUTE) == Relay(ROUTE)


@pytest.mark.parametrize("field", ["UWS-Authorization: Token x", "Authorization: token x", "Authorization: Bearer x"])
def test_handshake_of_a_program_needs_no_origin(field: str) -> None:
    handshake = request(f"{BASE}/x", f"Cookie: {COOKIE}", HANDSHAKE, field)
    assert decided(handshake, ROUTE) == Relay(ROUTE)
    assert status_of(decided(request(f"{BASE}/x", HANDSHAKE, field), ROUTE)) == 403


@pytest.mark.parametrize(
    ("host", "origin", "allowed"),
    [
        ("localhost:80", "http://localhost", True),
        ("localhost", "https://localhost:443", True),
        ("localhost:443", "https://localhost", True),
        ("localhost:8080", "http://localhost", False),
        ("localhost", "http://localhost:8080", False),
    ],
)
def test_default_ports_of_host_and_origin_are_the_same(host: str, origin: str, *, allowed: bool) -> None:
    head = request(f"{BASE}/x", f"Cookie: {COOKIE}", HANDSHAKE, f"Origin: {origin}", host=host)
    decision = decided(head, ROUTE)
    assert decision == Relay(ROUTE) if allowed else status_of(decision) == 403


@pytest.mark.parametrize("target", ["/", "/static/x.css", "/any/path?ticket=its-own", "/open/12/"])
def test_session_at_the_root_has_all_paths_of_its_own_place(target: str) -> None:
    cookie, socket = f"Cookie: {COOKIE}", [HANDSHAKE, "UWS-Authorization: x"]
    for host, port in (("s12.localhost:8000", MAIN), ("localhost:8112", 8112)):
        assert decided(request(target, cookie, host=host), ON_ROOT, port=port) == Relay(ON_ROOT)
        assert decided(request(target, cookie, *socket, host=host), ON_ROOT, port=port) == Relay(ON_ROOT)
        assert decided(request(target, host=host), ON_ROOT, port=port) == HandOver()
        assert status_of(decided(request(target, *socket, host=host), ON_ROOT, port=port)) == 403
    for host, port in (("localhost:8000", MAIN), ("s13.localhost", MAIN), ("localhost", 8113)):
        assert decided(request(target, cookie, host=host), ON_ROOT, port=port) == HandOver()


def test_base_path_of_a_session_at_the_root_is_the_gates() -> None:
    headers = [f"Cookie: {COOKIE}", "UWS-Authorization: x"]
    assert decided(request(f"{BASE}/x", *headers, host="s12.localhost"), ON_ROOT) == HandOver()
    assert status_of(decided(request(f"{BASE}/x", *headers, HANDSHAKE, host="s12.localhost"), ON_ROOT)) == 404
