"""Web applications by configuration, for tests: a server that the project does not know, and how one is launched."""

import json
import re
from typing import Any

from playwright.sync_api import Page

from support.server_process import REPOSITORY, Caller, RunningServer, wait_for
from support.server_process import open_session as open_session_by_ticket

READY_SECONDS = 600.0
"""The first launch waits for the installation of packages."""
ECHO = """
import base64, hashlib, http.server, socketserver, sys
PAGE = b'''<!doctype html><title>waiting</title><a href="next">next</a><a href="away">away</a><p id="said"></p><script>
const socket = new WebSocket(new URL('echo', location.href).href.replace(/^http/, 'ws'));
socket.onopen = () => socket.send('there and back');
socket.onmessage = event => { document.title = document.getElementById('said').textContent = event.data; };
</script>'''
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        print('asked for', self.path, sorted(self.headers.keys()), flush=True)
        if self.headers.get('Upgrade') == 'websocket':
            return self.echo()
        body = PAGE if self.path.split('?')[0].endswith('/') else self.path.encode()
        self.send_response(302 if self.path.endswith('/away') else 200)
        self.send_header('Location', self.path[:-4] + 'arrived')
        self.send_header('Set-Cookie', 'own=1; Path=/')
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def echo(self):
        key = self.headers['Sec-WebSocket-Key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
        self.send_response(101)
        self.send_header('Upgrade', 'websocket')
        self.send_header('Connection', 'Upgrade')
        self.send_header('Sec-WebSocket-Accept', base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        while head := self.rfile.read(2):
            mask, data = self.rfile.read(4), self.rfile.read(head[1] & 127)
            self.wfile.write(bytes([head[0], len(data)]) + bytes(c ^ mask[i % 4] for i, c in enumerate(data)))
    def address_string(self):
        return ''
on_port = sys.argv[1].isdigit()
class Server(socketserver.ThreadingMixIn, socketserver.TCPServer if on_port else socketserver.UnixStreamServer):
    daemon_threads = allow_reuse_address = True
Server(('127.0.0.1', int(sys.argv[1])) if on_port else sys.argv[1], Handler).serve_forever()
"""
"""Prints requested paths, and echoes WebSocket messages; listens on the socket or port in its argument."""


def echo_application(**changes: Any) -> dict[str, Any]:
    """Return its configuration entry."""
    where = "{port}" if changes.get("listen", "socket") != "socket" else "{socket}"
    own = {"command": ["{python}", "{state}/echo.py", where], "files": {"echo.py": ECHO}, "ready_s": 30}
    return {**own, **changes}


def site_with(**applications: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with the default job types and these applications."""
    known = json.loads((REPOSITORY / "example_config.json").read_text())["available_job_types"]
    own = {
        name: {"name": name, "job_type": "WebApplicationJob", "application": entry}
        for name, entry in applications.items()
    }
    return {"available_job_types": {**known, **own}}


def launch(user: Caller, workspace: int, job_type: str, *, file: str = "", ready: bool = True) -> int:
    """Launch an application in a workspace and wait until it responds; return the job ID."""
    body = {"job_type": job_type, "job_details": {"file": file} if file else {}}
    number: int = user.call("PUT", f"/workspaces/{workspace}/start/", json=body)["job"]["id"]
    if ready:
        wait_for(lambda: _responds(user.job(number)), within=READY_SECONDS, what=f"job {number}")
    return number


def _responds(job: dict[str, Any]) -> bool:
    details = job["job_details"]["current_job_details"]
    assert job["status"] != "failed", details["message"]
    return "connection_details" in details


def cookie_of(user: Caller, job: int) -> tuple[str, str]:
    """Return the `Host` and `Cookie` headers of the user's browser for a session."""
    with open_session_by_ticket(user.job(job)) as client:
        pair = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
        return client.base_url.netloc.decode(), pair


def log_in(page: Page, server: RunningServer, username: str) -> None:
    """Log in to the portal."""
    page.goto(server.manage("login_link", username))
    page.get_by_role("button", name=re.compile("^Log in as ")).click()
    page.get_by_role("link", name="New workspace").first.wait_for()


def open_session(page: Page, server: RunningServer, job: int) -> None:
    """Open a session as the portal does."""
    page.goto(f"{server.url}/open/{job}/")
    page.wait_for_url(re.compile(rf"//(s{job}\.|[^/]*/passthrough/|[^/]*:8\d\d\d/)"))


def stop(user: Caller, job: int) -> None:
    """Stop a session, and wait for its end."""
    user.call("PUT", f"/jobs/{job}/stop/")
    user.wait_until(job, "complete", within=60)
