"""Secrets, pruning and retention."""

import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana


async def test_secret_is_saved_and_its_value_never_returned(lab: Lab, reana: FakeReana) -> None:
    body = {"name": "KEY", "value": "pä$$word", "type": "env"}
    answers = [await lab.post("secrets", body), await lab.get("secrets")]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].json == {"secrets": [{"name": "KEY", "type": "env"}]}
    assert reana.secrets["KEY"]["value"] == "cMOkJCR3b3Jk"
    assert not any("word" in answer.text for answer in answers)


async def test_existing_secret_is_replaced_only_on_request(lab: Lab, reana: FakeReana) -> None:
    body = {"name": "KEY", "value": "a", "type": "file"}
    assert (await lab.post("secrets", body)).status == 200
    assert (await lab.post("secrets", {**body, "value": "b"})).status == 409
    assert (await lab.post("secrets", {**body, "value": "b", "overwrite": True})).status == 200
    assert reana.secrets["KEY"] == {"type": "file", "value": "Yg=="}


async def test_secret_is_deleted_once(lab: Lab, reana: FakeReana) -> None:
    reana.secrets["a b/c"] = {"type": "env", "value": ""}
    assert (await lab.ask("DELETE", "secrets/a%20b%2Fc")).status == 200
    assert (await lab.ask("DELETE", "secrets/a%20b%2Fc")).status == 404


@pytest.mark.parametrize(
    "body", [{}, {"name": "", "value": "x"}, {"name": "A"}, {"name": "A", "value": "x", "type": "y"}]
)
async def test_invalid_secret_is_rejected(lab: Lab, reana: FakeReana, body: dict[str, object]) -> None:
    assert (await lab.post("secrets", body)).status == 400
    assert reana.requests == []


@pytest.mark.parametrize(
    ("flags", "left"), [({}, ["inputs/a", "outputs/b"]), ({"include_outputs": True}, ["inputs/a"])]
)
async def test_workspace_is_pruned(lab: Lab, reana: FakeReana, flags: dict[str, bool], left: list[str]) -> None:
    run = reana.add("a.1", files={"inputs/a": b"", "outputs/b": b"", "scratch/c": b""})
    answer = await lab.post("workflows/a.1/prune", flags)
    assert (answer.status, answer.json["status"], sorted(run.files)) == (200, "success", left)
    assert (await lab.post("workflows/nosuch.1/prune", {})).status == 404


async def test_retention_rules_are_unchanged(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    answer = (await lab.get("workflows/a.1/retention")).json
    assert answer == {"rules": [{"workspace_files": "**/*", "retention_days": 7}]}


async def test_any_bytes_can_be_a_secret(lab: Lab, reana: FakeReana) -> None:
    body = {"name": "me.keytab", "value": "AP8K", "type": "file", "encoding": "base64"}
    assert (await lab.post("secrets", body)).status == 200
    assert reana.secrets["me.keytab"] == {"type": "file", "value": "AP8K"}
    assert (await lab.post("secrets", {**body, "value": "no base"})).status == 400
