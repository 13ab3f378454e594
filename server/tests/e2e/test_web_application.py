"""An application added by configuration alone is reachable by its user only."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.access_checks import handshake, sockets_of
from e2e.applications import cookie_of, echo_application, launch, log_in, open_session, site_with, stop
from support.budget import first_of
from support.server_process import ADA, GRACE, Caller, RunningServer, ToLoopback, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser]
BASES = ("none", "keep", "strip")
LISTENS = ("socket", "port", "isolated")
SITE = site_with(
    **{f"at_{base}": echo_application(base=base) for base in BASES},
    **{f"on_{listen}": echo_application(base="strip", listen=listen) for listen in LISTENS},
    broken={"command": ["{python}", "-c", "raise SystemExit('this is why')"]},
)


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server(site=SITE) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: RunningServer) -> Caller:
    return sign_in(server, ADA)


@pytest.fixture(scope="module")
def workspace(ada: Caller) -> int:
    return ada.make_workspace()


@pytest.mark.parametrize("base", first_of(*BASES))
def test_unknown_application_is_used_in_a_browser(
    server: RunningServer, ada: Caller, workspace: int, page: Page, base: str
) -> None:
    job = launch(ada, workspace, f"at_{base}")
    log_in(page, server, ADA)
    open_session(page, server, job)
    expect(page).to_have_title("there and back")
    prefix = "" if base == "none" else f"/passthrough/local/{job}"
    origin = f"http://s{job}.localhost:{server.port}"
    assert page.url == f"{origin}{prefix}/"
    seen = prefix if base == "keep" else ""
    page.get_by_text("away").click()
    page.wait_for_url(f"{origin}{prefix}/arrived")
    expect(page.locator("body")).to_have_text(f"{seen}/arrived")
    paths = {cookie["name"]: cookie["path"] for cookie in page.context.cookies(page.url)}
    assert paths["own"] == (f"{prefix}/" if base == "strip" else "/")
    page.goto(f"{origin}{prefix}/deep/")  # the way in leads back to the page that was asked for
    expect(page).to_have_title("there and back")
    page.context.clear_cookies(name=f"uws-session-{job}")
    page.goto(f"{origin}{prefix}/deep/")
    expect(page).to_have_title("there and back")
    assert page.url == f"{origin}{prefix}/deep/"
    stop(ada, job)
    page.reload()
    assert "there and back" not in page.title()


@pytest.fixture(scope="module")
def running(ada: Caller, workspace: int) -> dict[str, int]:
    """IDs of sessions, by the way they listen."""
    return {listen: launch(ada, workspace, f"on_{listen}") for listen in LISTENS}


@pytest.mark.soak
@pytest.mark.parametrize("listen", first_of(*LISTENS))
def test_websocket_needs_the_origin_of_the_session(
    server: RunningServer, ada: Caller, running: dict[str, int], listen: str
) -> None:
    """The application itself has no access control."""
    job = running[listen]
    host, cookie = cookie_of(ada, job)
    path = f"/passthrough/local/{job}/echo"
    own = f"http://{host}"
    assert handshake(server, host=host, path=path, Cookie=cookie, Origin=own, echoes=True) == 101
    for origin in ("http://evil.example", f"http://localhost:{server.port}", "null", own.partition(":8")[0] + ":1"):
        assert handshake(server, host=host, path=path, Cookie=cookie, Origin=origin) == 403
    assert handshake(server, host=host, path=path, Cookie=cookie) == 403
    assert handshake(server, host=host, path=path, Cookie=cookie, UWS_Authorization="Token mine") == 101
    assert handshake(server, host=host, path=path, UWS_Authorization="Token mine") == 403


@pytest.mark.soak
def test_other_user_is_rejected(server: RunningServer, ada: Caller, running: dict[str, int]) -> None:
    grace = sign_in(server, GRACE)
    job = running["socket"]
    assert grace.http.get(f"/jobs/{job}/").json()["data"]["jobs"] == []
    assert grace.http.put(f"/jobs/{job}/stop/").status_code == 404
    assert grace.http.get(f"/passthrough/local/{job}/").status_code in {401, 404}
    own = launch(grace, grace.make_workspace(), "on_socket")
    _, cookie = cookie_of(grace, own)
    host = f"s{job}.localhost:{server.port}"
    renamed = cookie.replace(f"uws-session-{own}", f"uws-session-{job}")
    with httpx.Client(transport=ToLoopback(server.port), base_url=f"http://{host}") as client:
        for mine in (cookie, renamed):
            response = client.get(f"/passthrough/local/{job}/x", headers={"Cookie": mine})
            assert (response.status_code, "/x" in response.text) == (401, False)
            path = f"/passthrough/local/{job}/echo"
            assert handshake(server, host=host, path=path, Cookie=mine, Origin=f"http://{host}") == 403


CONNECT = """
import os, pathlib, socket, sys
for found in pathlib.Path(sys.argv[1]).glob('*/s'):
    sys.exit('listed')
for where in (sys.argv[2], ('127.0.0.1', 8000), ('::1', 8000)):
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET6 if ':' in where[0] else socket.AF_INET
    try:
        peer = socket.socket(family)
        peer.connect(where)
        peer.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        if b'there and back' in peer.recv(4096):  # another program of the machine may have this port
            sys.exit('connected')
    except (PermissionError, ConnectionRefusedError, ConnectionResetError):
        continue
print('refused')
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: it takes accounts of this machine")
def test_other_system_account_cannot_connect(server: RunningServer, running: dict[str, int]) -> None:
    """Neither the sockets nor the application's TCP port are reachable."""
    sockets = sockets_of(server)
    assert len(sockets) >= len(running)
    for path in sockets:
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        command = [python, "-c", CONNECT, str(path.parents[1]), str(path)]
        done = subprocess.run(
            command,
            user="nobody",
            group="nogroup",
            extra_groups=[],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        assert (done.stdout, done.stderr) == ("refused\n", "")


def test_exited_application_has_failed_with_a_reason(ada: Caller, workspace: int) -> None:
    job = launch(ada, workspace, "broken", ready=False)
    failed = ada.wait_until(job, "failed", within=60)
    assert "exited with code 1" in failed["job_details"]["current_job_details"]["message"]
