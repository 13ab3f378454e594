"""Several accounts are kept separate."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana

OTHER = "t0ken-of-grace"


@pytest.fixture
def two_accounts(reana: FakeReana) -> FakeReana:
    reana.accounts[OTHER] = "grace@example.org"
    return reana


async def connect(lab: Lab, reana: FakeReana, token: str, **more: object) -> Any:
    body = {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": token, "remember": True, "profile": "", **more}
    return await lab.post("env", body)


async def kept(lab: Lab) -> list[tuple[str, str, bool]]:
    listed = (await lab.get("profiles")).json["profiles"]
    return [(one["name"], one["account"], one["active"]) for one in listed if not one["fixed"]]


async def test_two_accounts_of_a_server_are_kept_side_by_side(lab_alone: Lab, two_accounts: FakeReana) -> None:
    host = two_accounts.url.removeprefix("http://")
    for token in (TOKEN, OTHER):
        assert (await connect(lab_alone, two_accounts, token)).status == 200
    assert await kept(lab_alone) == [
        (f"jane@example.org at {host}", "jane@example.org", False),
        (f"grace@example.org at {host}", "grace@example.org", True),
    ]
    assert (await lab_alone.post(f"profiles/jane@example.org at {host}")).status == 200
    assert (await lab_alone.get("connection")).json["user"]["email"] == "jane@example.org"


async def test_new_token_of_an_account_takes_the_place_of_the_old_one(lab_alone: Lab, two_accounts: FakeReana) -> None:
    two_accounts.accounts["newer"] = "jane@example.org"
    names = [(await connect(lab_alone, two_accounts, token)).json["profile"] for token in (TOKEN, "newer")]
    assert (names[0] == names[1], len(await kept(lab_alone))) == (True, 1)


async def test_name_is_not_taken_from_another_account(lab_alone: Lab, two_accounts: FakeReana) -> None:
    assert (await connect(lab_alone, two_accounts, TOKEN, profile="work")).json["profile"] == "work"
    refused = await connect(lab_alone, two_accounts, OTHER, profile="work")
    assert (refused.status, "jane@example.org" in refused.json["message"]) == (409, True)
    assert await kept(lab_alone) == [("work", "jane@example.org", True)]
    assert (await lab_alone.get("connection")).json["user"]["email"] == "jane@example.org"


async def test_servers_that_an_older_version_kept_stay(lab_alone: Lab, two_accounts: FakeReana, tmp_path: Path) -> None:
    old = {"server": two_accounts.url, "access_token": TOKEN, "ca_file": "", "takes_header": False}
    stored = tmp_path / "profiles.json"
    stored.write_text(json.dumps({"active": "host", "profiles": {"host": old}}), encoding="utf-8")
    stored.chmod(0o600)
    assert await kept(lab_alone) == [("host", "", True)]
    assert (await lab_alone.get("connection")).json["connected"] is True
    assert (await connect(lab_alone, two_accounts, TOKEN)).json["profile"] == "host"
    assert await kept(lab_alone) == [("host", "jane@example.org", True)]


async def test_request_for_another_connection_is_refused(lab: Lab, two_accounts: FakeReana) -> None:
    two_accounts.add("a.1")
    before = (await lab.get("connection")).json["fingerprint"]
    header = {"X-Reana-Connection": before}
    assert (await lab.get("workflows/a.1", headers=header)).status == 200
    assert (await connect(lab, two_accounts, OTHER)).status == 200
    refused = await lab.get("workflows/a.1", headers=header)
    assert (refused.status, refused.json["reason"], TOKEN in refused.text) == (409, "changed", False)
    header = {"X-Reana-Connection": (await lab.get("connection", headers=header)).json["fingerprint"]}
    assert (await lab.get("workflows/a.1", headers=header)).status == 200


async def test_certificate_file_is_kept_with_its_server(
    lab_alone: Lab, reana: FakeReana, modern_reana: FakeReana, secure: Callable[[FakeReana], Path]
) -> None:
    (lab_alone.root / "site").mkdir()
    (lab_alone.root / "site/ca.pem").write_bytes(secure(reana).read_bytes())
    server = reana.url.replace("http:", "https:")
    refused = await connect(lab_alone, reana, TOKEN, REANA_SERVER_URL=server)
    assert (refused.status, refused.json["reason"]) == (502, "certificate")
    missing = await connect(lab_alone, reana, TOKEN, REANA_SERVER_URL=server, ca_file="site/nope.pem")
    assert (missing.status, "does not exist" in missing.json["message"]) == (400, True)
    done = await connect(lab_alone, reana, TOKEN, REANA_SERVER_URL=server, ca_file=" site/ca.pem")
    assert (done.status, os.environ["REANA_CA_FILE"]) == (200, str(lab_alone.root / "site/ca.pem"))
    # Another server has nothing of it.
    assert (await connect(lab_alone, modern_reana, TOKEN)).status == 200
    assert "REANA_CA_FILE" not in os.environ
    assert (await lab_alone.post(f"profiles/{done.json['profile']}")).status == 200
    assert (await lab_alone.get("connection")).json["connected"] is True
