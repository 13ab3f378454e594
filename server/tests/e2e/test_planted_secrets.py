"""Plants, uses and misuses every secret of an installation, then searches all places where none may be."""

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from e2e.hunting import forms_of, hunt, processes_of, read_as, texts_below, watched_command_lines
from e2e.planting import Scene, planted_installation, strong
from oidc_provider.running_provider import CLIENT_SECRET
from support.server_process import ToLoopback, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.environment, pytest.mark.data, pytest.mark.soak]

TIMEOUT_S = 600.0
LOGS = ("*.log", "resource/*/*/*log", "environments/.log")
BREAK = """
from django.db import connection
with connection.cursor() as cursor:
    for table in ("accounts_apitoken", "accounts_loginlink", "accounts_liveticket", "django_session"):
        old, new = (f"away_{{table}}", table) if {mended} else (table, f"away_{{table}}")
        cursor.execute(f"ALTER TABLE {{old}} RENAME TO {{new}}")
found = True
"""
SECRET_OF = "from user_workspaces.jobs.models import Job\nfound = Job.objects.get(pk={job}).secret"
TOKEN_OF = """
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.session_tokens import session_token
found = session_token(Job.objects.get(pk={job})).text
"""


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with planted_installation() as planted:
        yield planted


OF_THE_WAY_IN = ("passthrough cookie", "mark of the browser", "passthrough ticket")
"""The ticket is part of the redirect to the session."""


def test_no_secret_leaks(scene: Scene) -> None:
    with ExitStack() as stack, watched_command_lines() as command_lines:
        api = stack.enter_context(scene.witness.client(scene.web))
        sign_in(scene, api)
        portal = stack.enter_context(scene.witness.client(scene.web))
        log_in(scene, portal)
        job = launch(scene, api)
        session = stack.enter_context(scene.witness.client(scene.web, transport=ToLoopback(scene.fleet.ports["web"])))
        open_session(scene, api, session, job)
        watch_live(scene, api)
        see_all_pages(portal, job)
        run_a_workflow(scene, job)
        share(scene, api)
        send_invalid_secrets(scene, api, job)
        use_all_secrets_while_the_database_fails(scene, portal)
        environments_contain_no_secret(scene)
        of_session = texts_below(scene.fleet.folder, "resource/*/*/*log")  # it goes with the session
        assert any(b"lab" in text for text in of_session.values())
        api.put(f"/jobs/{job['id']}/stop/")
        wait_for(
            lambda: api.get(f"/jobs/{job['id']}/").json()["data"]["jobs"][0]["status"] == "complete", within=TIMEOUT_S
        )
    logs = of_session | texts_below(scene.fleet.folder, *LOGS)
    assert {"web.log", "controller.log"} <= logs.keys()
    assert b'"level":"error"' in logs["web.log"]  # there was something to be told
    number = job["id"]
    told = hunt(scene.planted, scene.witness.responses)
    # Tickets of one second are the same: there are three ways to be given one.
    tickets = {("passthrough ticket", at) for at in (f"GET /jobs/{number}/", "WS /jobs/", f"GET /open/{number}/")}
    assert told & tickets
    assert told - tickets == {
        ("API token", "POST /tokens/"),
        ("portal cookie", f"POST /login/{scene.planted['login link']}/"),
        ("live ticket", "POST /live_tickets/"),
        *((name, f"GET /passthrough/local/{number}/lab") for name in OF_THE_WAY_IN),
    }
    assert hunt(scene.planted, logs | command_lines) == frozenset()
    assert hunt(scene.planted, {str(number): mail for number, mail in enumerate(scene.postbox.taken)}) == frozenset()
    assert scene.postbox.tried[:2] == [scene.planted["UWS_MAIL_PASSWORD"]] * 2
    search_finds_planted_secrets(scene)


def sign_in(scene: Scene, api: httpx.Client) -> None:
    scene.planted["client token"] = scene.fleet.manage("create_client_token", "tests")
    name = scene.fleet.users[0]
    body = {
        "client_token": scene.planted["client token"],
        "user_info": {"username": name, "email": f"{name}@example.org"},
    }
    scene.planted["API token"] = api.post("/tokens/", json=body).json()["token"]
    api.headers["UWS-Authorization"] = f"Token {scene.planted['API token']}"


def log_in(scene: Scene, portal: httpx.Client) -> None:
    link = scene.fleet.manage("login_link", scene.fleet.users[0])
    scene.planted["login link"] = urlsplit(link).path.split("/")[2]
    path = urlsplit(link).path
    page = portal.get(path)
    assert portal.post(path, data={"csrfmiddlewaretoken": forgery_token(page)}).status_code == httpx.codes.FOUND
    scene.planted["portal cookie"] = portal.cookies["uws-portal"]
    assert portal.get(path).status_code == httpx.codes.GONE
    scene.planted["token of a REANA elsewhere"] = strong()
    form = {"reana-access_token": scene.planted["token of a REANA elsewhere"], "reana-server": "https://127.0.0.1:1"}
    form["csrfmiddlewaretoken"] = forgery_token(portal.get("/profile/"))
    assert portal.post("/profile/reana/", data=form).status_code == httpx.codes.UNPROCESSABLE_ENTITY


def forgery_token(page: httpx.Response) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found
    return found[1]


def launch(scene: Scene, api: httpx.Client) -> dict[str, Any]:
    files = [{"name": "notes.txt", "content": "hello"}]
    body = {"name": "cell-atlas", "description": "", "workspace_details": {"files": files}}
    workspace = api.post("/workspaces/", json=body).json()["data"]["id"]
    number = api.put(f"/workspaces/{workspace}/start/", json={"job_type": "jupyter_lab"}).json()["data"]["job"]["id"]

    def ready() -> dict[str, Any] | None:
        (job,) = api.get(f"/jobs/{number}/").json()["data"]["jobs"]
        assert job["status"] in {"pending", "running"}, job
        return job if "connection_details" in job["job_details"]["current_job_details"] else None

    job = wait_for(ready, within=TIMEOUT_S, what="the session")
    scene.planted["session secret"] = scene.fleet.ask(SECRET_OF.format(job=number))
    scene.planted["session token"] = scene.fleet.ask(TOKEN_OF.format(job=number))
    return job


def open_session(scene: Scene, api: httpx.Client, session: httpx.Client, job: dict[str, Any]) -> None:
    (job,) = api.get(f"/jobs/{job['id']}/").json()["data"]["jobs"]
    details = job["job_details"]["current_job_details"]["connection_details"]
    scene.planted["passthrough ticket"] = parse_qs(urlsplit(details["url_path"]).query)["ticket"][0]
    step, base = details["url_domain"] + details["url_path"], f"{details['url_domain']}/passthrough/local/{job['id']}"
    while "ticket=" in step:
        traded = session.get(step)
        assert traded.is_redirect
        step = str(httpx.URL(step).join(traded.headers["Location"]))
    scene.planted["passthrough cookie"] = session.cookies[f"uws-session-{job['id']}"]
    scene.planted["mark of the browser"] = session.cookies[f"uws-browser-{job['id']}"]
    assert "?" not in step
    assert session.get(step).is_success
    for path in ("lab", "tree", "api/status", "api/contents", "api/nothing", "nothing"):
        session.get(f"{base}/{path}", headers={"Accept": "text/html"}, follow_redirects=True)


def watch_live(scene: Scene, api: httpx.Client) -> None:
    scene.planted["live ticket"] = api.post("/live_tickets/").json()["data"]["ticket"]
    address = f"ws://localhost:{scene.fleet.ports['web']}/jobs/?ticket={scene.planted['live ticket']}"
    with connect(address, proxy=None, open_timeout=60) as socket:
        scene.witness.note("WS /jobs/", str(socket.recv(timeout=60)).encode())
    for _ in range(2):  # it was good for once
        with pytest.raises(InvalidStatus) as refused:
            connect(address, proxy=None, open_timeout=60)
        scene.witness.note("WS /jobs/ again", bytes(refused.value.response.body or b""))


def see_all_pages(portal: httpx.Client, job: dict[str, Any]) -> None:
    location = f"/w/{job['workspace_id']}"
    pages = ["/", "/new/", "/shared/", "/profile/", "/admin/", "/schema/", "/docs/swagger/", "/status/", "/nothing/"]
    pages += [f"{location}/{name}" for name in ("", "files/", "settings/", "launch/", "sharing/", "link/", "delete/")]
    pages += [f"/session/{job['id']}/{name}/" for name in ("log", "stop", "again")]
    for page in pages:
        assert portal.get(page).status_code < httpx.codes.INTERNAL_SERVER_ERROR, page
    assert portal.get(f"/open/{job['id']}/").status_code < httpx.codes.BAD_REQUEST


def run_a_workflow(scene: Scene, job: dict[str, Any]) -> None:
    """Use the session's token as the session does, and in wrong places."""
    token = scene.planted["session token"]
    (told,) = scene.fleet.folder.glob("**/reana.json")
    assert orjson.loads(told.read_bytes())["access_token"] == token
    assert told.stat().st_mode & 0o777 == 0o600
    with scene.witness.client(scene.web, headers={"Authorization": f"Bearer {token}"}) as reana:
        assert reana.get("/api/workflows").is_success
        assert reana.post("/api/workflows", json={"no": "specification"}).is_client_error
        assert reana.get("/workspaces/").status_code == httpx.codes.FORBIDDEN
    with scene.witness.client(scene.web) as other:
        assert other.get("/api/workflows", params={"access_token": token}).is_success
        other.get(f"/api/workflows/{token}/logs", params={"access_token": f"{token}x"})


def share(scene: Scene, api: httpx.Client) -> None:
    other = scene.fleet.sign_in(scene.fleet.users[1])
    other.http.close()
    (receiver,) = api.get("/users/", params={"search": scene.fleet.users[1]}).json()["data"]["users"]
    for _ in range(2):  # the first mail meets a server that turns its log-in away
        workspace = api.post("/workspaces/", json={"name": "offered", "description": ""}).json()["data"]["id"]
        body = {"original_workspace_id": workspace, "shared_user_ids": [receiver["id"]]}
        tried = len(scene.postbox.tried)
        assert api.post("/shared_workspaces/", json=body).is_success
        wait_for(lambda tried=tried: len(scene.postbox.tried) > tried, within=TIMEOUT_S, what="a mail")  # type: ignore[misc]  # bound early
    wait_for(lambda: scene.postbox.taken, within=TIMEOUT_S, what="the mail")


def send_invalid_secrets(scene: Scene, api: httpx.Client, job: dict[str, Any]) -> None:
    """Send valid secrets to wrong places, and invalid ones to right places."""
    planted = scene.planted
    client, token = planted["client token"], planted["API token"]
    for body in ({"client_token": [client]}, {"client_token": client}, {"client_token": client, "user_info": client}):
        assert api.post("/tokens/", json=body).status_code == httpx.codes.BAD_REQUEST
    assert api.post("/tokens/", content=f'{{"client_token": "{client}"').status_code == httpx.codes.BAD_REQUEST
    assert api.post("/tokens/", json={"client_token": token, "user_info": {}}).is_client_error
    with scene.witness.client(scene.web) as stranger:
        for scheme in ("Token", "Bearer", "Basic", ""):
            headers = {"UWS-Authorization": f"{scheme} {token}x".strip()}
            assert stranger.get("/workspaces/", headers=headers).status_code == httpx.codes.UNAUTHORIZED
        assert stranger.get("/metrics", headers={"Authorization": "Bearer no"}).status_code == httpx.codes.NOT_FOUND
        right = {"Authorization": f"Bearer {planted['UWS_METRICS_TOKEN']}"}
        assert stranger.get("/metrics", headers=right).is_success
        for path in ("/jobs/", "/nothing/", "/login/", "/status/", f"/passthrough/local/{job['id']}/lab"):
            stranger.get(path, params={"token": token, "ticket": f"{planted['passthrough ticket']}x"})
        page = stranger.get("/login/")
        form = {"csrfmiddlewaretoken": forgery_token(page), "username": "ada", "password": planted["UWS_SECRET_KEY"]}
        assert stranger.post("/login/", data=form).status_code == httpx.codes.UNPROCESSABLE_ENTITY
        started = stranger.get("/login/with/university/")
        state = parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]
        stranger.get("/login/with/university/done/", params={"state": state, "code": "made-up"})


def use_all_secrets_while_the_database_fails(scene: Scene, portal: httpx.Client) -> None:
    """Cause a server error: its messages must not contain anything of the request."""
    planted = scene.planted
    token, ticket = {"UWS-Authorization": f"Token {planted['API token']}"}, planted["live ticket"]
    scene.fleet.ask(BREAK.format(mended=False))
    try:
        with scene.witness.client(scene.web) as api:
            assert api.get("/workspaces/", headers=token).status_code == httpx.codes.INTERNAL_SERVER_ERROR
            body = {"client_token": planted["client token"], "user_info": {"username": "ada", "email": "a@example.org"}}
            assert api.post("/tokens/", json=body).status_code == httpx.codes.INTERNAL_SERVER_ERROR
            again = f"/login/{planted['login link']}/?from={planted['portal cookie']}"
            assert api.get(again).status_code == httpx.codes.INTERNAL_SERVER_ERROR
        assert portal.get("/").status_code == httpx.codes.INTERNAL_SERVER_ERROR
        with pytest.raises(InvalidStatus):
            connect(f"ws://localhost:{scene.fleet.ports['web']}/jobs/?ticket={ticket}", proxy=None, open_timeout=60)
    finally:
        scene.fleet.ask(BREAK.format(mended=True))


def environments_contain_no_secret(scene: Scene) -> None:
    """Check that a session's environment has no secret of the server and is unreadable for others."""
    if os.geteuid() != 0:
        return  # without root there is one account, and everything is its own
    owner, stranger = scene.fleet.users
    processes = processes_of(pwd.getpwnam(owner).pw_uid)
    assert processes
    inherited = {str(path): (path / "environ").read_bytes() for path in processes}
    assert hunt(scene.planted, inherited) == frozenset()
    for path in processes:
        assert read_as(owner, path / "environ")  # it would be seen
        assert read_as(stranger, path / "environ") is None
    for pid in scene.fleet.pids().values():
        assert read_as(stranger, Path(f"/proc/{pid}/environ")) is None


def search_finds_planted_secrets(scene: Scene) -> None:
    """Plant each secret in each of its encodings in the searched places, and check that the search finds it."""
    everything = {(name, "planted.log") for name in scene.planted}
    for number in range(max(len(forms_of(secret)) for secret in scene.planted.values())):
        written = [sorted(forms_of(secret)) for secret in scene.planted.values()]
        lines = b"\n".join(forms[number % len(forms)] for forms in written)
        (scene.fleet.folder / "planted.log").write_bytes(lines)
        assert hunt(scene.planted, texts_below(scene.fleet.folder, *LOGS)) == everything
    with watched_command_lines() as seen:
        telling = [sys.executable, "-c", "input()", *scene.planted.values()]
        with subprocess.Popen(telling, stdin=subprocess.PIPE) as process:
            wait_for(lambda: CLIENT_SECRET.encode() in seen["command lines"], within=TIMEOUT_S)
            process.communicate(b"\n")
    assert hunt(scene.planted, seen) == {(name, "command lines") for name in scene.planted}
    heard = scene.witness.responses | {"planted": "\n".join(scene.planted.values()).encode()}
    assert {name for name, location in hunt(scene.planted, heard) if location == "planted"} == scene.planted.keys()
