"""Credentials are tested before use, saved on request, and read from a launcher's file."""

import json
import os
from pathlib import Path

import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error, hang, says
from reana_jupyterlab.tests.fake_routes import ROUTES


async def test_nothing_is_set_at_start(lab_alone: Lab) -> None:
    assert (await lab_alone.get("env")).json == {"server": "", "access_token": ""}
    assert (await lab_alone.get("profiles")).json == {"profiles": [], "active": ""}


async def test_good_credentials_go_into_the_environment(lab_alone: Lab, reana: FakeReana) -> None:
    answer = await lab_alone.post("env", {"REANA_SERVER_URL": f"{reana.url}/", "REANA_ACCESS_TOKEN": f" {TOKEN}\n"})
    assert (answer.status, answer.json["status"]) == (200, "success")
    assert (os.environ["REANA_SERVER_URL"], os.environ["REANA_ACCESS_TOKEN"]) == (reana.url, TOKEN)
    assert (await lab_alone.get("env")).json == {"server": reana.url, "access_token": TOKEN}
    assert (await lab_alone.ask("DELETE", "env")).status == 200
    assert (await lab_alone.get("env")).json == {"server": "", "access_token": ""}


@pytest.mark.parametrize("names", [("server", "accessToken"), ("REANA_SERVER_URL", "accessToken")])
async def test_field_names_of_the_existing_front_end_are_accepted(
    lab_alone: Lab, reana: FakeReana, names: tuple[str, str]
) -> None:
    answer = await lab_alone.post("env", dict(zip(names, (reana.url, TOKEN), strict=True)))
    assert (answer.status, answer.json["status"]) == (200, "success")
    assert (await lab_alone.get("env")).json == {"server": reana.url, "access_token": TOKEN}
    refused = await lab_alone.post("env", dict(zip(names, (reana.url, "wrong"), strict=True)))
    assert (refused.status, (await lab_alone.get("env")).json["access_token"]) == (401, TOKEN)


async def test_responses_with_the_token_are_not_cached(lab: Lab) -> None:
    assert (await lab.get("env")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"REANA_SERVER_URL": 5, "REANA_ACCESS_TOKEN": "x"},
        {"REANA_SERVER_URL": "https://user:pw@x", "REANA_ACCESS_TOKEN": "x"},
        {"REANA_SERVER_URL": "https://x/?a=b", "REANA_ACCESS_TOKEN": "x"},
        {"REANA_SERVER_URL": "file:///etc", "REANA_ACCESS_TOKEN": "x"},
        {"REANA_SERVER_URL": "https://x:99999", "REANA_ACCESS_TOKEN": "x"},
        {"REANA_SERVER_URL": "https://x y", "REANA_ACCESS_TOKEN": "x"},
        {"REANA_SERVER_URL": "https://x", "REANA_ACCESS_TOKEN": "ü"},
    ],
)
async def test_invalid_credentials_are_a_bad_request(lab_alone: Lab, body: dict[str, object]) -> None:
    answer = await lab_alone.post("env", body)
    assert (answer.status, answer.json["status"]) == (400, "error")


@pytest.mark.parametrize("content", ["nonsense", "[]", '"x"', "[" * 100_000])
async def test_body_that_is_not_an_object_is_a_bad_request(lab_alone: Lab, content: str) -> None:
    answer = await lab_alone.http.post("env", content=content)
    assert (answer.status_code, answer.json()["status"]) == (400, "error")


async def test_disconnected_state_has_its_reason(lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET /api/you", says(b"<html>"), times=1)
    assert (await lab.get("connection")).json["reason"] == "unreachable"
    reana.fail("GET /api/you", error(403, "Token not valid."), times=1)
    assert (await lab.get("connection")).json["reason"] == "refused"
    reana.fail("GET /api/you", hang)
    assert (await lab.get("connection")).json["reason"] == "slow"


async def test_sharing_and_secrets_are_probed(lab_alone: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As 0.95.0a6 does it: runs can be shared, and no capability says so."""
    monkeypatch.setenv("REANA_ACCESS_TOKEN", TOKEN)
    for sharing in (True, False):
        server = FakeReana(ROUTES, modern=not sharing, sharing=sharing)
        monkeypatch.setenv("REANA_SERVER_URL", server.url)
        if not sharing:
            server.fail("GET /api/secrets", error(403, "This token lacks the scope read."))
        told = (await lab_alone.get("connection")).json
        assert (told["sharing"], told["secrets"]) == (sharing, sharing)
        assert (await lab_alone.get("connection")).json == told
        assert len(server.seen("GET /api/users/shared-with-you")) == len(server.seen("GET /api/secrets")) == 1
        server.stop()


async def test_failed_feature_probes_are_repeated(lab: Lab, reana: FakeReana) -> None:
    reana.sharing = True
    reana.fail("GET /api/users/shared-with-you", error(500), times=4)
    reana.fail("GET /api/secrets", error(500), times=4)
    told = [(await lab.get("connection")).json for _ in range(2)]
    assert [(one["connected"], one["sharing"], one["secrets"]) for one in told] == [
        (True, False, True),
        (True, True, True),
    ]


@pytest.mark.parametrize(
    ("runtime", "used"),
    [(None, True), ("docker", True), ("none", False), ("none. NO CONTAINER RUNTIME IS CONFIGURED: not used.", False)],
)
async def test_ignored_environments_are_reported(lab: Lab, reana: FakeReana, runtime: str | None, used: bool) -> None:
    reana.runtime = runtime
    assert (await lab.get("connection")).json["usesEnvironments"] is used
    reana.fail("GET /api/info", error(404))
    assert (await lab.get("connection")).json["usesEnvironments"] is True


@pytest.fixture
def launcher_file(lab_alone: Lab, tmp_path: Path, reana: FakeReana, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"server": reana.url, "access_token": TOKEN}), encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("REANA_CREDENTIALS_FILE", str(path))
    return path


async def test_launcher_file_connects(lab_alone: Lab, launcher_file: Path) -> None:
    state = await lab_alone.get("connection")
    assert (state.json["connected"], state.json["source"], TOKEN in state.text) == (True, "launcher", False)
    assert (await lab_alone.get("env")).json == {"server": "", "access_token": ""}


async def test_token_is_in_no_url_if_the_server_takes_a_header(
    lab_alone: Lab, launcher_file: Path, reana: FakeReana
) -> None:
    told = json.loads(launcher_file.read_text(encoding="utf-8"))
    launcher_file.write_text(json.dumps({**told, "takes_header": True}), encoding="utf-8")
    assert (await lab_alone.get("connection")).json["connected"]
    assert (await lab_alone.get("workflows")).status == 200
    assert [seen for seen in reana.requests if "access_token" in seen.query] == []
    launcher_file.write_text(json.dumps(told), encoding="utf-8")
    assert (await lab_alone.get("workflows")).status == 200
    assert reana.requests[-1].query["access_token"] == [TOKEN]


async def test_launcher_file_is_read_at_each_use(lab_alone: Lab, launcher_file: Path, reana: FakeReana) -> None:
    launcher_file.write_text(json.dumps({"server": reana.url, "access_token": "ended"}), encoding="utf-8")
    assert (await lab_alone.get("workflows")).status == 401
    launcher_file.write_text(json.dumps({"server": reana.url, "access_token": TOKEN}), encoding="utf-8")
    assert (await lab_alone.get("workflows")).status == 200


async def test_launcher_file_readable_by_others_is_rejected(
    lab_alone: Lab, launcher_file: Path, reana: FakeReana
) -> None:
    launcher_file.chmod(0o644)
    answer = await lab_alone.get("workflows")
    assert (answer.status, "only you can read" in answer.json["message"], reana.requests) == (500, True, [])


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense"])
async def test_invalid_launcher_file_is_an_error(lab_alone: Lab, launcher_file: Path, content: str) -> None:
    launcher_file.write_text(content, encoding="utf-8")
    answer = await lab_alone.get("workflows")
    assert (answer.status, "not a valid credentials file" in answer.json["message"]) == (500, True)


async def test_profiles_are_activated_and_deleted(lab: Lab, reana: FakeReana) -> None:
    for name in ("one", "Höhe 2"):
        body = {"server": reana.url, "access_token": TOKEN, "activate": False}
        assert (await lab.ask("PUT", f"profiles/{name}", body)).status == 200
    listed = (await lab.get("profiles")).json
    assert [(one["name"], one["fixed"]) for one in listed["profiles"]] == [
        ("environment", True),
        ("one", False),
        ("Höhe 2", False),
    ]
    assert listed["active"] == "environment"
    assert (await lab.post("profiles/one")).status == 200
    assert (await lab.get("profiles")).json["active"] == "one"
    assert (await lab.post("profiles/environment")).status == 200
    assert (await lab.ask("DELETE", "profiles/one")).status == 200
    assert (await lab.ask("DELETE", "profiles/one")).status == 404
    assert (await lab.post("profiles/one")).status == 404


@pytest.mark.parametrize("name", ["environment", "launcher", "x" * 65, "%20", "a%2Fb", "a%0Ab"])
async def test_invalid_profile_name_is_rejected(lab: Lab, reana: FakeReana, name: str) -> None:
    answer = await lab.ask("PUT", f"profiles/{name}", {"server": reana.url, "access_token": TOKEN})
    assert answer.status in {400, 404}
    assert len((await lab.get("profiles")).json["profiles"]) == 1


async def test_invalid_profiles_file_is_an_error_and_not_overwritten(
    lab: Lab, tmp_path: Path, reana: FakeReana
) -> None:
    stored = tmp_path / "profiles.json"
    stored.write_text("{half", encoding="utf-8")
    stored.chmod(0o600)
    answer = await lab.ask("PUT", "profiles/a", {"server": reana.url, "access_token": TOKEN})
    assert (answer.status, stored.read_text(encoding="utf-8")) == (500, "{half")
