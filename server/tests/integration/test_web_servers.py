"""The documented web servers in front of a real server: what works, and what clients cannot forge."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from support.budget import first_of
from support.live_server import LiveServer, live_server_process
from support.planted_session import PlantedSession, planted_session
from support.portal_visitor import TOKEN, ask, cookies_for, log_in, open_planted
from support.server_process import free_port
from support.web_servers import PORTAL, PROGRAMS, SESSIONS, WebServer, is_installed, web_server
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.slow
TRIES = 40
"""Failed logins of one client, more than the limit."""
PATIENCE = 60.0
VICTIM = "127.9.9.9"
BAD = {"client_token": "uws_client_" + "x" * 43, "user_info": {"username": "ada", "email": "ada@example.org"}}
FORGED = {
    "one": ["X-Forwarded-For: {address}"],
    "several": ["X-Forwarded-For: {address}, 10.1.1.1, {address}"],
    "lines": ["X-Forwarded-For: {address}", "X-Forwarded-For: {address}", "x-forwarded-for: 127.0.0.1"],
    "spaces": ["X-Forwarded-For:  \t {address} \t,  127.0.0.1 "],
    "of the proxy": ["X-Forwarded-For: {address}, 127.0.0.1, 127.0.0.1"],
    "IPv6": ["X-Forwarded-For: 2001:db8:{number:x}::1, [2001:db8:{number:x}::2]:443"],
    "port": ["X-Forwarded-For: {address}:8080"],
    "junk": ["X-Forwarded-For: unknown, {address}, _hidden, ;;,,"],
    "low line": ["X_Forwarded_For: {address}", "x-forwarded_for: {address}"],
    "others": ["Forwarded: for={address};proto=http;by=127.0.0.1", "X-Real-IP: {address}", "X-Client-IP: {address}"],
    "scheme and host": ["X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 80"],
    "hop by hop": ["Connection: X-Forwarded-For, X-Forwarded-Proto, Host", "X-Forwarded-For: {address}"],
    "hop by hop lines": ["Connection: keep-alive", "Connection: x-forwarded-for", "X-Forwarded-For: {address}"],
}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: %b\r\n\r\n" % PORTAL.encode()
HEADS = {
    "length and coding": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (len(SMUGGLED) + 5),
    "strange coding": b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "blank before the colon": b"Content-Length : %d\r\nContent-Length: 0\r\n\r\n" % len(SMUGGLED),
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED),
    "upgrade": b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED),
}
AS_SESSION = """
import encodings.idna, os, socket
os.setgid(54321); os.setuid(54321)
for number in range({tries}):
    connection = socket.create_connection(("127.0.0.1", {port}))
    fields = ["Host: localhost", "X-Forwarded-For: 10.7.0.%d" % number, "Content-Type: application/json",
              "Content-Length: %d" % len({body!r}), "Connection: close"]
    connection.sendall("\\r\\n".join(["POST /tokens/ HTTP/1.1", *fields, "", {body!r}]).encode())
    print(connection.recv(65536).split()[1].decode())
"""
sources = (f"127.0.{number // 250 + 2}.{number % 250 + 1}" for number in count())
"""Distinct client addresses."""


@pytest.fixture(scope="module", params=first_of(*PROGRAMS))
def kind(request: pytest.FixtureRequest) -> str:
    if not is_installed(request.param):
        pytest.skip(f"NOT INSTALLED: {PROGRAMS[request.param]}")
    return str(request.param)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(kind: str, port: int) -> Iterator[LiveServer]:
    def change(config: dict[str, Any]) -> None:
        config["base_url"] = f"https://{PORTAL}:{port}"
        config["allowed_hosts"] = [PORTAL]
        config["trusted_proxies"] = ["127.0.0.1"]
        config["available_resources"]["local"]["passthrough_domain"] = SESSIONS
        config["rate_limits"] = {"tokens_per_address": 4, "window_seconds": 3600}

    with live_server_process(controller=False, change=change) as running:
        yield running


@pytest.fixture(scope="module")
def front(kind: str, port: int, server: LiveServer) -> Iterator[WebServer]:
    with web_server(kind, in_front_of=server.port, port=port) as running:
        yield running


@pytest.fixture(scope="module")
def session(server: LiveServer) -> Iterator[PlantedSession]:
    with planted_session(server) as planted:
        yield planted


@pytest.fixture
def browser(front: WebServer, session: PlantedSession) -> Iterator[httpx.Client]:
    with front.visitor(next(sources)) as client:
        log_in(client, session.username)
        yield client


def exchange(front: WebServer, sent: bytes, *, source: str, host: str = PORTAL) -> bytes:
    """Send bytes over TLS; return all data until the connection ends or is silent for a while."""
    plain = socket.create_connection(("127.0.0.1", front.port), source_address=(source, 0), timeout=10)
    with closing(front.context().wrap_socket(plain, server_hostname=host)) as connection:
        connection.sendall(sent)
        connection.settimeout(1)
        received = b""
        try:
            while data := connection.recv(65536):
                received += data
        except OSError:
            pass
        return received


def _with_end(fields: list[str]) -> list[str]:
    """Close the connection after the response, unless the headers specify it."""
    named = any(field.lower().startswith("connection:") for field in fields)
    return fields if named else [*fields, "Connection: close"]


def try_bad_token(front: WebServer, lines: list[str], *, source: str) -> int:
    """Send invalid credentials with these headers; return the status."""
    body = json.dumps(BAD)
    fields = [f"Host: {PORTAL}:{front.port}", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines]
    head = "\r\n".join(["POST /tokens/ HTTP/1.1", *_with_end(fields), "", body])
    response = exchange(front, head.encode(), source=source)
    return int(response.split(b" ", 2)[1])


@pytest.mark.parametrize("how", first_of(*FORGED))
def test_client_cannot_forge_its_address(front: WebServer, how: str) -> None:
    attacker = next(sources)
    statuses = []
    for number in range(TRIES):
        address = f"10.{number}.{secrets.randbelow(256)}.7"
        lines = [line.format(address=address, number=number) for line in FORGED[how]]
        statuses.append(try_bad_token(front, lines, source=attacker))
        if statuses[-1] == 429:
            break
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {401}
    assert try_bad_token(front, [], source=next(sources)) == 401


def test_forged_addresses_lock_no_client_out(front: WebServer) -> None:
    for lines in FORGED.values():
        for _ in range(5):
            try_bad_token(front, [line.format(address=VICTIM, number=1) for line in lines], source=next(sources))
    assert try_bad_token(front, [], source=VICTIM) == 401
    assert try_bad_token(front, [], source="127.0.0.1") == 401


def test_cookies_are_for_tls_alone(browser: httpx.Client, session: PlantedSession) -> None:
    open_planted(browser, session)
    assert {cookie.secure for cookie in browser.cookies.jar} == {True}


@pytest.mark.parametrize("how", FORGED)
def test_session_receives_client_address_and_tls(
    front: WebServer, browser: httpx.Client, session: PlantedSession, how: str
) -> None:
    at = open_planted(browser, session)
    host = at.split("/")[2]
    assert host == f"s{session.job_id}.{SESSIONS}:{front.port}"
    source = next(sources)
    lines = [line.format(address="10.9.9.9", number=9) for line in FORGED[how]]
    cookie = f"Cookie: {cookies_for(browser, at)['Cookie']}"
    fields = _with_end([f"Host: {host}", cookie, *lines])
    head = "\r\n".join([f"GET {session.path}x HTTP/1.1", *fields, "", ""])
    response = exchange(front, head.encode(), source=source, host=host.partition(":")[0])
    assert response.startswith(b"HTTP/1.1 200"), response
    told = {name.lower(): value for name, value in json.loads(_body(response))[1:]}
    assert told["x-forwarded-proto"] == "https"
    assert told["x-forwarded-host"] == host
    assert told["x-forwarded-for"] == source
    assert not {"forwarded", "x-real-ip", "x_forwarded_for"} & set(told)


def _body(response: bytes) -> bytes:
    """Return the JSON list of a response, chunked or not."""
    return response[response.index(b"[") : response.rindex(b"]") + 1]


def test_websockets_pass(front: WebServer, browser: httpx.Client, session: PlantedSession) -> None:
    at = open_planted(browser, session)
    origin = at.partition("/passthrough/")[0]
    for url, own in ((f"{at}ws", origin), (f"{front.url}/jobs/", front.url)):
        sock = socket.create_connection(("127.0.0.1", front.port))
        headers = cookies_for(browser, url) | {"Origin": own}
        with connect(
            url.replace("https", "wss", 1),
            sock=sock,
            ssl=front.context(),
            additional_headers=headers,
            open_timeout=PATIENCE,
        ) as opened:
            opened.recv(timeout=PATIENCE)
            if url.endswith("ws"):
                opened.send("there and back")
                assert opened.recv(timeout=PATIENCE) == "there and back"


@pytest.mark.parametrize("hosts", [[PORTAL, "evil.example"], ["evil.example", PORTAL], ["evil.example"]])
def test_unknown_host_is_rejected(front: WebServer, hosts: list[str]) -> None:
    head = "".join(["GET /login/ HTTP/1.1\r\n", *(f"Host: {host}\r\n" for host in hosts), "Connection: close\r\n\r\n"])
    response = exchange(front, head.encode(), source=next(sources))
    assert not response or 400 <= int(response.split(b" ", 2)[1]) < 500 or b"content-length: 0" in response.lower(), (
        response
    )


@pytest.mark.parametrize("how", HEADS)
def test_no_request_smuggling(front: WebServer, how: str) -> None:
    """A second request is rejected, or both parse it as a request; never does one take it for a body."""
    head = f"POST /tokens/ HTTP/1.1\r\nHost: {PORTAL}:{front.port}\r\n".encode() + HEADS[how]
    response = exchange(front, head + SMUGGLED, source=next(sources))
    assert response.count(b"HTTP/1.1 ") <= 1 or _is_refused(response), response


def _is_refused(response: bytes) -> bool:
    return response.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501", b"HTTP/1.1 411", b"HTTP/1.0 400"))


def test_large_heads_and_bodies_pass(browser: httpx.Client, front: WebServer) -> None:
    cookie = cookies_for(browser, front.url)["Cookie"] + "; filler=" + "x" * 30_000
    assert "/logout/" in ask(browser, "GET", "/", headers={"Cookie": cookie}).text
    response = ask(
        browser, "POST", "/tokens/", content=os.urandom(3 << 20), headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 413)
    assert response.headers["content-type"] == "application/json"


def test_web_server_does_not_compress_secret_pages(front: WebServer, browser: httpx.Client) -> None:
    """Pages with secrets stay uncompressed, even behind a compressing web server."""
    page = ask(browser, "GET", "/profile/")
    script, forged = re.search(r"/static/uws/portal\.\w+\.js", page.text), TOKEN.search(page.text)
    assert script
    assert forged
    for response in (page, ask(browser, "GET", script[0])):
        assert response.headers.get_list("Content-Encoding") == ["gzip"]
        assert response.headers["Vary"].lower().count("accept-encoding") == 1
    form = {"csrfmiddlewaretoken": forged[1], "token-name": "mine", "token-days": "30", "token-scopes": "read"}
    shown = ask(browser, "POST", "/profile/tokens/", data=form, headers={"Origin": front.url})
    assert 'value="uws_' in shown.text
    assert "Content-Encoding" not in shown.headers


def test_upload_is_streamed(
    server: LiveServer, front: WebServer, session: PlantedSession, browser: httpx.Client
) -> None:
    """An interrupted upload has all data received so far: the web server does not buffer it."""
    user = {"username": session.username, "email": f"{session.username}@example.org"}
    body = {"client_token": server.manage("create_client_token", "tests"), "user_info": user}
    token = browser.post("/tokens/", json=body).json()["token"]
    browser.headers.update({"UWS-Authorization": f"Token {token}", "Tus-Resumable": "1.0.0"})
    workspace = browser.get("/workspaces/").json()["data"]["workspaces"][0]["id"]
    about = {"Upload-Length": str(4 << 20), "Upload-Metadata": "filename YS5iaW4="}
    made = browser.post(f"/workspaces/{workspace}/tus/", headers=about)
    path = httpx.URL(made.headers["Location"]).path
    fields = [f"{name}: {browser.headers[name]}" for name in ("UWS-Authorization", "Tus-Resumable")]
    fields += [f"Host: {PORTAL}:{front.port}", "Upload-Offset: 0", f"Content-Length: {4 << 20}"]
    fields += ["Content-Type: application/offset+octet-stream", "", ""]
    exchange(front, "\r\n".join([f"PATCH {path} HTTP/1.1", *fields]).encode() + b"x" * (2 << 20), source="127.0.0.1")
    assert eventually(lambda: int(browser.head(path).headers.get("Upload-Offset", 0))) > 1 << 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs processes of others")
def test_session_cannot_impersonate_the_web_server(server: LiveServer, front: WebServer) -> None:
    """It has the same address but is not trusted. Runs last: the address is locked out then."""
    code = AS_SESSION.format(port=server.port, body=json.dumps(BAD), tries=TRIES)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert "429" in done.stdout.split(), done.stdout
    assert try_bad_token(front, [], source=next(sources)) == 401
