"""Guarantees of the back end for the front end."""

import json
import tomllib
from pathlib import Path

import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana, error

PACKAGE = Path(__file__).parents[1]


async def test_refresh_interval_and_page_size_are_available(lab: Lab, reana: FakeReana) -> None:
    for number in range(30):
        reana.add(f"run-{number}.1")
    assert (await lab.get("connection")).json["pollingSeconds"] == 15
    page = (await lab.get("workflows?page=2&size=25")).json
    assert (len(page["items"]), page["total"], page["has_next"], page["has_prev"]) == (5, 30, False, True)


async def test_keys_of_a_specification_are_never_renamed(lab: Lab, reana: FakeReana) -> None:
    written = {"inputs": {"parameters": {"my_own_name": 1, "camelCase": 2}}, "kubernetes_memory_limit": "1Gi"}
    reana.add("a.1", specification=written, parameters={"my_own_name": 3})
    answer = (await lab.get("workflows/a.1/specification")).json
    assert answer == {"specification": written, "parameters": {"my_own_name": 3}}


async def test_job_logs_keep_reanas_spelling(lab: Lab, reana: FakeReana) -> None:
    job = {"job_name": "hello", "docker_img": "python:3.12", "cmd": "x", "started_at": None, "logs": "Hello\n"}
    reana.add("a.1", jobs={"b5f4": job})
    logs = (await lab.get("workflows/a.1/logs")).json
    assert logs["jobLogs"] == {"b5f4": {**job, "logs_truncated": False, "logs_length": 6}}


async def test_every_time_has_its_zone(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": b""})
    item = (await lab.get("workflows")).json["items"][0]
    assert item["createdAt"] == "2026-11-21T22:21:32Z"
    assert (item["startedAt"], item["finishedAt"], item["stoppedAt"]) == (
        "2026-11-21T22:24:03Z",
        "2026-11-21T22:24:05Z",
        None,
    )
    assert (await lab.get("workflows/a.1/workspace")).json["files"][0]["lastModified"].endswith("Z")
    reana.runs[0].jobs = {"b5": {"started_at": "2026-11-21T22:24:03", "finished_at": None, "logs": ""}}
    job = (await lab.get("workflows/a.1/logs")).json["jobLogs"]["b5"]
    assert (job["started_at"], job["finished_at"]) == ("2026-11-21T22:24:03Z", None)


@pytest.mark.parametrize("search", ['a&status=x"}', "ü 100%", "#", '"'])
async def test_search_is_passed_on_as_it_is(lab: Lab, reana: FakeReana, search: str) -> None:
    assert (await lab.get("workflows", params={"search": search})).status == 200
    assert json.loads(reana.seen("GET /api/workflows")[0].query["search"][0]) == {"name": [search]}


async def test_empty_values_are_none(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    answer = await lab.get("workflows?page=&search=&sort=&status=&size=")
    assert (answer.status, answer.json["total"]) == (200, 1)
    assert not {"search", "status"} & set(reana.seen("GET /api/workflows")[0].query)


def test_back_end_names_no_other_host() -> None:
    sources = [path for path in PACKAGE.rglob("*.py") if "tests" not in path.parts]
    named = [path.name for path in sources if "googleapis" in (text := path.read_text()) or "cdn." in text]
    assert (named, len(sources) > 20) == ([], True)


async def test_revoked_token_is_not_connected(lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET /api/you", error(403, "User access token revoked."))
    state = (await lab.get("connection")).json
    assert (state["connected"], state["reason"], state["server"]) == (False, "refused", reana.url)


async def test_no_credentials_are_a_state_of_their_own(lab_alone: Lab) -> None:
    state = (await lab_alone.get("connection")).json
    assert (state["connected"], state["reason"]) == (False, "unset")
    assert (await lab_alone.get("workflows")).status == 401


async def test_unknown_status_is_passed_on(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", status="hibernating")
    assert (await lab.get("workflows")).json["items"][0]["status"] == "hibernating"


def test_no_dependency_on_the_classic_notebook() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not any("notebook" in name for name in project["dependencies"])
