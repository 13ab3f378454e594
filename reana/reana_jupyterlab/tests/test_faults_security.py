"""Security: known vulnerabilities of similar extensions."""

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from reana_jupyterlab.connections import checked_server, matches
from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import BadRequest, ReanaError
from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error, redirect, says

UNREACHABLE = "http://127.0.0.1:9"


async def test_environment_needs_authentication(lab: Lab) -> None:
    answer = await lab.get("env", headers={"Authorization": ""})
    assert (answer.status, TOKEN in answer.text) == (403, False)


@pytest.mark.parametrize("path", ["..%2F..%2Fescaped.txt", "%2Fetc%2Fpasswd", "a/../../../escaped.txt", "a%2F..%2Fb"])
async def test_download_never_leaves_the_root(lab: Lab, reana: FakeReana, path: str) -> None:
    reana.add("hello.1", files={"a": b"x"})
    reana.fail("GET .*/workspace/.*", says(b"pwned"))
    before = sorted(lab.root.parent.rglob("*"))
    answer = await lab.get(f"workflows/hello.1/workspace/{path}")
    assert answer.status in {400, 404}
    assert sorted(lab.root.parent.rglob("*")) == before


async def test_lying_server_cannot_name_a_folder_outside_the_root(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("../../pwned.1", files={"../../evil.txt": b"x", "a.txt": b"x"})
    answer = await lab.get(f"workflows/download?workflow_id={run.id}&path=a.txt")
    assert answer.status == 502
    run.name = "hello.1"
    answer = await lab.get(f"workflows/download?workflow_id={run.id}")
    assert answer.status == 400
    assert not list(lab.root.parent.rglob("evil.txt"))


@pytest.mark.parametrize("path", ["/etc", "..", "../..", "hello/../..", "%2Fetc", "link-to-etc"])
async def test_nothing_outside_the_root_is_listed(lab: Lab, path: str) -> None:
    (lab.root / "link-to-etc").symlink_to("/etc")
    answer = await lab.get(f"files?path={path}")
    assert answer.status in {400, 404}
    assert "entries" not in answer.json


async def test_no_error_text_holds_the_token(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REANA_SERVER_URL", UNREACHABLE)
    answer = await lab.get("workflows")
    assert (answer.status, TOKEN in answer.text, "access_token" in answer.text) == (502, False, False)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 418, 500])
async def test_token_that_reana_repeats_is_hidden(lab: Lab, reana: FakeReana, status: int) -> None:
    reana.fail("GET /api/workflows", error(status, f"bad: /api/workflows?access_token={TOKEN}&page=1 by {TOKEN}"))
    answer = await lab.get("workflows")
    assert answer.status >= 400
    assert TOKEN not in answer.text


async def test_token_is_in_no_log_at_any_level(
    client: ReanaClient, reana: FakeReana, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reana.fail("GET /api/you", redirect(f"http://127.0.0.1:9/?access_token={TOKEN}"))
    with pytest.raises(ReanaError):
        await client.user()
    await client.workflows()
    assert reana.seen("GET /api/workflows")[0].query["access_token"] == [TOKEN]
    assert any("httpx" in record.name for record in caplog.records)
    assert TOKEN not in caplog.text


async def test_saved_token_is_never_returned(lab_alone: Lab, reana: FakeReana) -> None:
    answers = [
        await lab_alone.ask("PUT", "profiles/mine", {"server": reana.url, "access_token": TOKEN}),
        await lab_alone.get("profiles"),
        await lab_alone.get("connection"),
        await lab_alone.get("env"),
        await lab_alone.get("quota"),
    ]
    assert [answer.status for answer in answers] == [200] * 5
    assert answers[2].json["connected"] is True
    assert not any(TOKEN in answer.text for answer in answers)
    assert TOKEN not in os.environ.values()


async def test_remembered_server_outlives_jupyter(lab_alone: Lab, reana: FakeReana, tmp_path: Path) -> None:
    body = {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": TOKEN, "remember": True}
    assert (await lab_alone.post("env", body)).status == 200
    stored = tmp_path / "profiles.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    for name in ("REANA_SERVER_URL", "REANA_ACCESS_TOKEN"):
        del os.environ[name]  # as after a restart
    assert (await lab_alone.get("connection")).json["source"] == "default"


async def test_several_servers_have_names(lab_alone: Lab, reana: FakeReana, modern_reana: FakeReana) -> None:
    for name, server in (("one", reana), ("two", modern_reana)):
        assert (
            await lab_alone.ask("PUT", f"profiles/{name}", {"server": server.url, "access_token": TOKEN})
        ).status == 200
    assert (await lab_alone.get("connection")).json["server"] == modern_reana.url
    assert (await lab_alone.post("profiles/one")).status == 200
    assert (await lab_alone.get("connection")).json["server"] == reana.url


async def test_redirects_do_not_leak_the_token(lab: Lab, reana: FakeReana, modern_reana: FakeReana) -> None:
    reana.fail("GET .*", redirect(f"{modern_reana.url}/api/you"))
    answer = await lab.get("workflows")
    assert (answer.status, modern_reana.requests) == (502, [])


async def test_server_on_this_machine_can_be_entered(lab_alone: Lab, reana: FakeReana) -> None:
    answer = await lab_alone.post("env", {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": TOKEN})
    assert answer.json["status"] == "success"


@pytest.mark.parametrize("source", ["form", "environment", "profile"])
async def test_list_of_allowed_servers_counts_for_every_source(lab: Lab, reana: FakeReana, source: str) -> None:
    lab.app.web_app.settings["reana_jupyterlab"].config.allowed_servers = ["https://*.example.org"]
    if source == "form":
        answer = await lab.post("env", {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": TOKEN})
    elif source == "profile":
        answer = await lab.ask("PUT", "profiles/a", {"server": reana.url, "access_token": TOKEN})
    else:
        answer = await lab.get("workflows")
    assert (answer.status, reana.requests) == (400, [])


@pytest.mark.parametrize(
    "host",
    [
        "evil.test\\x.example.org",
        "evil.test%2fx.example.org",
        "evil.test;x.example.org",
        "[::1]x.example.org",
        "-x.org",
        "",
    ],
)
def test_host_with_other_signs_is_malformed(host: str) -> None:
    with pytest.raises(BadRequest):
        checked_server(f"https://{host}")


@pytest.mark.parametrize("host", ["localhost:8443", "reana.example.org", "[::1]:8443", "192.0.2.1", "bücher.example"])
def test_usual_hosts_are_accepted(host: str) -> None:
    assert checked_server(f"https://{host}") == f"https://{host}"


@pytest.mark.parametrize(
    ("server", "is_allowed"),
    [
        ("https://reana.example.org", True),
        ("https://reana.example.org/", True),
        ("https://evil.test/x.example.org", False),
        ("https://evil.test/x/reana.example.org", False),
        ("https://reana.example.org.evil.test", False),
        ("https://example.org", False),
        ("http://reana.example.org", False),
        ("https://reana.example.org/path", False),
    ],
)
def test_star_of_an_allowed_server_ends_at_a_slash(server: str, *, is_allowed: bool) -> None:
    assert matches(server, "https://*.example.org") is is_allowed


async def test_self_signed_certificate_needs_its_file(
    lab_alone: Lab, reana: FakeReana, secure: Callable[[FakeReana], Path]
) -> None:
    certificate = secure(reana)
    body = {"REANA_SERVER_URL": reana.url.replace("http:", "https:"), "REANA_ACCESS_TOKEN": TOKEN}
    refused = await lab_alone.post("env", body)
    assert (refused.status, "certificate" in refused.json["message"]) == (502, True)
    accepted = await lab_alone.post("env", {**body, "ca_file": str(certificate)})
    assert (accepted.status, (await lab_alone.get("connection")).json["connected"]) == (200, True)


async def test_failed_log_in_leaves_working_credentials(lab: Lab, reana: FakeReana) -> None:
    before = (await lab.get("env")).json
    answers = [
        await lab.post("env", {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": "wrong"}),
        await lab.post("env", {"REANA_SERVER_URL": UNREACHABLE, "REANA_ACCESS_TOKEN": TOKEN}),
        await lab.post("env", {"REANA_SERVER_URL": reana.url}),
        await lab.post("env", {"REANA_SERVER_URL": "ftp://x", "REANA_ACCESS_TOKEN": TOKEN}),
    ]
    assert [(answer.status, answer.json["status"]) for answer in answers] == [
        (401, "error"),
        (502, "error"),
        (400, "error"),
        (400, "error"),
    ]
    assert (await lab.get("env")).json == before == {"server": reana.url, "access_token": TOKEN}
    assert (await lab.get("workflows")).status == 200
