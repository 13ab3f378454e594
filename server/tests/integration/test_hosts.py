"""Every route on every kind of host, with and without cookies, with every method, on a real server."""

import http.client
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from support.server_process import ADA, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.environment]

PORTAL, SESSION, FILES = "portal", "session", "files"
NOUNS = {
    # The first part of each route: owner_of it is. A new one without an entry fails.
    **dict.fromkeys(("", "login", "logout", "profile", "new", "w", "runs", "session", "shared", "open"), PORTAL),
    **dict.fromkeys(("tokens", "users", "workspaces", "jobs", "job_types", "parameters", "status", "quotas"), PORTAL),
    **dict.fromkeys(("shared_workspaces", "live_tickets", "schema", "docs", "api", "admin", "metrics"), PORTAL),
    **dict.fromkeys(("datasets", "site"), PORTAL),
    "passthrough": SESSION,
    "static": FILES,
}
EXAMPLES = {"uuid": "00000000-0000-4000-8000-000000000001", "int": "1", "number": "1"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
SPOOFED = {"X-Forwarded-Host": "s1.localhost", "X-Forwarded-Port": "1", "Forwarded": "host=s1.localhost"}


@dataclass(frozen=True)
class Endpoint:
    """A host and a port, and what is served there."""

    host: str
    port: int
    kind: str
    """`portal`, `own` (of session 1), `other` (of a missing session), `unknown`."""


@dataclass(frozen=True)
class World:
    """A server on the network with session 1, open on its host and on a port."""

    server: RunningServer
    cookies: dict[str, str]
    """`session` is the cookie of the session, `portal` that of the login."""
    port: int

    def locations(self) -> list[Endpoint]:
        main, name = self.server.port, socket.gethostname()
        portal = ("localhost", "127.0.0.1", "[::1]", "10.1.2.3", name, name.upper())
        unknown = ("evil.example", "foo.localhost", "s.localhost", "s1.evil.example")
        return [
            *(Endpoint(host, main, PORTAL) for host in portal),
            *(Endpoint(host, main, "own") for host in ("s1.localhost", "S1.LOCALHOST")),
            *(Endpoint(host, self.port, "own") for host in ("localhost", "10.1.2.3", name)),
            *(Endpoint(host, main, "other") for host in ("s2.localhost", "x.s1.localhost", "s1.localhost.")),
            *(Endpoint(host, main, "unknown") for host in unknown),
            *(Endpoint(host, self.port, "unknown") for host in ("s1.localhost", "s2.localhost", "evil.example")),
        ]


@pytest.fixture(scope="module")
def world(accounts: None) -> Iterator[World]:
    with running_server(UWS_HOST="0.0.0.0") as server:  # noqa: S104  what is tried here
        ada = sign_in(server, ADA)
        job = ada.launch(ada.make_workspace())
        ada.wait_until(job, "running", ready=True)
        assert job == 1
        link = server.manage("login_link", ADA)
        portal = _log_in(server, urlsplit(link).path)
        session = _open(server, f"uws-portal={portal}", "localhost")
        on_port, port = session_on_port(server, f"uws-portal={portal}")
        assert on_port
        yield World(server, {"session": f"uws-session-1={session}", "portal": f"uws-portal={portal}"}, port)


def ask(
    world_port: int, host: str, path: str, method: str = "GET", *, fields: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    """Send a request to a port of this machine with any host name."""
    connection = http.client.HTTPConnection("127.0.0.1", world_port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    for name, value in (fields or {}).items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    response.text = "" if response.status == 101 else response.read().decode(errors="replace")  # type: ignore[attr-defined]  # kept for the test
    response.close()
    connection.close()
    return response


def _cookies(response: http.client.HTTPResponse) -> dict[str, str]:
    lines = response.headers.get_all("Set-Cookie") or []
    return dict(line.partition(";")[0].split("=", 1) for line in lines)


def _log_in(server: RunningServer, path: str) -> str:
    shown = ask(server.port, "localhost", path)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)  # type: ignore[attr-defined]  # see ask
    assert token
    body = f"csrfmiddlewaretoken={token[1]}"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {
        "Host": "localhost",
        "Cookie": f"uws-csrf={_cookies(shown)['uws-csrf']}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    response.close()
    connection.close()
    return _cookies(response)["uws-portal"]


def _open(server: RunningServer, portal: str, host: str) -> str:
    """Open session 1 from the portal on a host; return its cookie."""
    return _walk(server, portal, host)[0]


def session_on_port(server: RunningServer, portal: str) -> tuple[str, int]:
    """Open it on a host without subdomains; return its cookie and port."""
    return _walk(server, portal, "10.1.2.3")


def _walk(server: RunningServer, portal: str, name: str) -> tuple[str, int]:
    url, jar = f"http://{name}:{server.port}/open/1/", dict[str, str]()
    for _ in range(10):
        parts = urlsplit(url)
        is_portal = parts.port == server.port and not (parts.hostname or "").startswith("s1.")
        cookie = portal if is_portal else "; ".join(f"{known}={value}" for known, value in jar.items())
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response = ask(parts.port or 80, parts.netloc, target, fields={"Cookie": cookie})
        if not is_portal:
            jar |= _cookies(response)
        if "uws-session-1" in jar:
            return jar["uws-session-1"], parts.port or 0
        url = response.headers["Location"]
    raise AssertionError(url)


def routes() -> list[str]:
    """Return an example of each path of this server."""
    found = set(_examples(get_resolver().url_patterns, ""))
    assert len(found) > 150
    sessions = {f"/passthrough/local/{number}/api/status" for number in (1, 2)}
    return sorted(found | sessions | {"/static/uws/base.css"})


def _examples(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _examples(pattern.url_patterns, before + route)
        elif not route.startswith("^passthrough"):
            text = re.sub(r"<(?:(\w+):)?\w+>", lambda found: EXAMPLES.get(found[1] or "", "x"), before + route)
            yield "/" + re.sub(r"\(\?P<\w+>.*?\)|[\^$\\]|\(.*?\)", lambda found: "x" * found[0].startswith("("), text)


def owner_of(path: str) -> str:
    """Return the owner of the route."""
    return NOUNS[path.split("/")[1]]


def responder_of(response: http.client.HTTPResponse) -> str:
    """Return the component that sent a response."""
    text: str = response.text  # type: ignore[attr-defined]  # see ask
    if response.headers.get("Server", "").startswith("TornadoServer"):
        return "session"
    if response.status == 400 and "does not accept requests for" in text:
        return "unknown host"
    if response.status == 404 and text in {"Not found.", ""} and "X-Request-ID" in response.headers:
        return "nothing"
    return "django" if "X-Request-ID" in response.headers else "proxy"


def expected(location: Endpoint, path: str, *, has_cookie: bool) -> set[str]:
    """Return the components that may respond."""
    if owner_of(path) == FILES:
        return {"django"}
    if location.kind == "unknown":
        return {"unknown host"}
    if location.kind == PORTAL:
        return {"django"}  # a session's path as well: it leads away
    number = {"s2.localhost": "2", "x.s1.localhost": "none"}.get(location.host, "1")
    if owner_of(path) != SESSION or path.split("/")[3] != number:
        return {"nothing"}
    return {"session"} if has_cookie and location.kind == "own" else {"django"}


def test_every_route_has_an_owner() -> None:
    unknown = {path for path in routes() if path.split("/")[1] not in NOUNS}
    assert unknown == set()


@pytest.mark.soak
@pytest.mark.parametrize(("method", "cookies"), [("GET", ("session", "portal")), ("POST", ())])
def test_every_route_on_every_host(world: World, method: str, cookies: tuple[str, ...]) -> None:
    wrong = []
    cookie = "; ".join(world.cookies[name] for name in cookies)
    for location, path in product(world.locations(), routes()):
        fields = SPOOFED | ({"Cookie": cookie} if cookie else {})
        response = ask(location.port, location.host, path, method, fields=fields | {"Content-Length": "0"})
        found = responder_of(response)
        if found not in expected(location, path, has_cookie="session" in cookies):
            wrong.append((location, path, response.status, found))
    assert wrong == []


@pytest.mark.soak
def test_session_path_with_every_method(world: World) -> None:
    """With both cookies: the portal's hosts relay nothing."""
    both = f"{world.cookies['session']}; {world.cookies['portal']}"
    for location, method, query in product(
        world.locations(), METHODS, ("", "?ticket=1.1.0.9999999999.x.y", "?token=x")
    ):
        path = f"/passthrough/local/1/api/status{query}"
        response = ask(location.port, location.host, path, method, fields={"Cookie": both, **SPOOFED})
        relayed = responder_of(response) == "session"
        assert relayed == (location.kind == "own" and "ticket" not in query), (location, method, query, response.status)
        if location.kind == PORTAL and not relayed:
            assert not _cookies(response)
            assert response.status in {302, 401, 403}


def test_websockets_are_accepted_on_their_host(world: World) -> None:
    sessions = ("/passthrough/local/1/api/events/subscribe", "/passthrough/local/2/x")
    paths = (*sessions, "/jobs/", "/jobs/1/", "/", "/login/")
    for location, path in product(world.locations(), paths):
        both = f"{world.cookies['session']}; {world.cookies['portal']}"
        origin = f"http://{location.host}"
        response = ask(
            location.port, location.host, path, fields={**HANDSHAKE, "Cookie": both, "Origin": origin, **SPOOFED}
        )
        accepted = response.status == 101
        watches = path.startswith("/jobs/") and location.kind == PORTAL
        relayed = "/local/1/" in path and location.kind == "own"
        assert accepted == (watches or relayed), (location, path, response.status)
        if not accepted:
            assert response.status in {400, 403, 404}


def test_unused_session_port_is_closed(world: World) -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", world.port + 1)) != 0
