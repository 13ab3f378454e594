"""A run whose creation failed: the failure is reported, and the run can be completed."""

import asyncio
from pathlib import Path

import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_faults import SQL_ERROR
from reana_jupyterlab.tests.fake_reana import FakeReana, error, hang

ORDER = {"name": "a", "path": "hello/reana.yaml", "parameters": {"sleeptime": 3}}


async def test_failed_file_is_reported(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    reana.fail("POST .*/workspace", error(500, SQL_ERROR))
    ended = await lab.ended((await lab.post("run", {**ORDER, "background": True})).json["id"])
    run = reana.runs[0]
    assert (ended["state"], ended["result"]) == (
        "failed",
        {"workflow": {"id": run.id, "name": "a", "run": "1"}, "file": "code/hello.py"},
    )
    assert ended["message"] == (
        "The workflow a.1 was created, but not started: The REANA server had an internal error (HTTP 500). Try again. "
        "If the problem persists, contact the server's administrator. The file code/hello.py was not uploaded. "
        "Upload the files again and start it, or delete it."
    )


async def test_incomplete_run_is_completed(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    reana.fail("POST .*/workspace", error(400, "No."))
    failed = await lab.post("run", ORDER)
    run = reana.runs[0]
    assert (failed.status, failed.json["workflow"]["id"], run.files, run.status) == (400, run.id, {}, "created")
    reana.faults.clear()
    answer = await lab.post(f"workflows/{run.id}/inputs", ORDER)
    assert (answer.status, answer.json["message"]) == (200, "Created and started a.1.")
    assert (run.status, run.parameters, sorted(run.files)) == (
        "queued",
        {"sleeptime": 3},
        ["code/hello.py", "data/names.txt"],
    )


async def test_repeated_failure_is_reported(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    run = reana.add("a.1", status="created")
    reana.fail("POST .*/start", error(409, "The quota is used up."))
    begun = await lab.post(f"workflows/{run.id}/inputs", {**ORDER, "background": True})
    ended = await lab.ended(begun.json["id"])
    assert (begun.status, ended["state"], ended["result"]["workflow"]["id"]) == (202, "failed", run.id)
    assert ended["message"] == (
        "The workflow a.1 was created, but not started: The quota is used up. Start it, or delete it."
    )


async def test_started_run_cannot_be_completed(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    run = reana.add("a.1", status="running")
    answer = await lab.post(f"workflows/{run.id}/inputs", ORDER)
    assert (answer.status, answer.json["message"], run.files) == (
        409,
        "The workflow a.1 has already been started.",
        {},
    )


@pytest.mark.parametrize("path", ["../reana.yaml", "nope.yaml", "hello/code/hello.py"])
async def test_only_a_specification_below_the_root_is_read(
    lab: Lab, reana: FakeReana, analysis: Path, path: str
) -> None:
    run = reana.add("a.1", status="created")
    answer = await lab.post(f"workflows/{run.id}/inputs", {"path": path})
    assert (answer.status in {400, 404}, run.files) == (True, {})


async def test_cancelled_run_leaves_nothing(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    reana.fail("POST .*/workspace", hang)
    begun = await lab.post("run", {**ORDER, "background": True})
    while not reana.seen("POST .*/workspace"):
        await asyncio.sleep(0.01)
    ended = await lab.ask("DELETE", f"transfers/{begun.json['id']}")
    assert (ended.json["state"], reana.runs[0].status) == ("cancelled", "deleted")
