"""Changes whose response is lost are resolved by asking for the status."""

from pathlib import Path

import pytest

from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import Conflict, ReanaError, Unreachable
from reana_jupyterlab.reana.rooted import Root
from reana_jupyterlab.reana.uploads import RunIsIncomplete, RunRequest, run
from reana_jupyterlab.tests import fake_routes
from reana_jupyterlab.tests.conftest import Lab, write_analysis
from reana_jupyterlab.tests.fake_faults import slam, then_slam
from reana_jupyterlab.tests.fake_reana import Exchange, FakeReana, error, hang


def started(exchange: Exchange) -> None:
    fake_routes.start(exchange, exchange.path_only.split("/")[3])


def changed(exchange: Exchange) -> None:
    fake_routes.set_status(exchange, exchange.path_only.split("/")[3])


async def test_start_with_a_lost_response_succeeds(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="created")
    reana.fail("POST .*/start", then_slam(started))
    answer = await lab.post(f"workflows/{run.id}/start")
    assert (answer.status, run.status, answer.json.get("workflow", {}).get("status")) == (200, "queued", "queued")


async def test_new_run_with_a_lost_start_response_is_started(
    client: ReanaClient, reana: FakeReana, tmp_path: Path
) -> None:
    write_analysis(tmp_path)
    reana.fail("POST .*/start", then_slam(started))
    made = await run(client, Root(tmp_path), RunRequest("a", "reana.yaml"), on_progress=lambda _: None)
    assert (made.id, reana.runs[0].status) == (reana.runs[0].id, "queued")


async def test_start_that_never_arrived_fails(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    write_analysis(tmp_path)
    reana.fail("POST .*/start", slam)
    with pytest.raises(RunIsIncomplete, match=r"a\.1 was created, but not started: "):
        await run(client, Root(tmp_path), RunRequest("a", "reana.yaml"), on_progress=lambda _: None)


async def test_start_with_unknown_outcome_is_reported(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="created")
    await lab.get("workflows")
    reana.fail("POST .*/start", slam)
    reana.fail("GET .*/status", error(503, "Busy."))
    answer = await lab.post(f"workflows/{run.id}/start")
    assert (answer.status, "unknown whether" in answer.json["message"]) == (502, True)


async def test_rejected_start_is_not_queried(client: ReanaClient, reana: FakeReana) -> None:
    run = reana.add("a.1", status="finished")
    with pytest.raises(Conflict):
        await client.start(run.id)
    assert reana.seen("GET .*") == []


@pytest.mark.parametrize("fault", [then_slam(changed), hang])
async def test_stop_with_a_lost_response(lab: Lab, reana: FakeReana, fault: object) -> None:
    run = reana.add("a.1", status="running")
    reana.fail("PUT .*/status", fault)  # type: ignore[arg-type] # one of the faults above
    answer = await lab.post(f"workflows/{run.id}/stop")
    assert (answer.status, run.status) == ((504, "running") if fault is hang else (200, "stopped"))


async def test_deletion_with_a_lost_response_succeeds(client: ReanaClient, reana: FakeReana) -> None:
    run = reana.add("a.1")
    reana.fail("PUT .*/status", then_slam(changed))
    await client.delete(run.id)
    assert run.status == "deleted"


async def test_restart_with_a_lost_response_is_unknown(client: ReanaClient, reana: FakeReana) -> None:
    run = reana.add("a.1")
    reana.fail("POST .*/start", then_slam(started))
    with pytest.raises(Unreachable, match="unknown whether it was restarted"):
        await client.start(run.id, restart=True)


async def test_creation_with_a_lost_response_is_unknown(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    write_analysis(tmp_path)
    reana.fail("POST /api/workflows", then_slam(fake_routes.create))
    with pytest.raises(ReanaError, match="unknown whether it was created"):
        await run(client, Root(tmp_path), RunRequest("a", "reana.yaml"), on_progress=lambda _: None)


@pytest.mark.parametrize("act", ["stop", "start", "share"])
async def test_error_names_the_run_without_its_identifier(
    lab: Lab, modern_reana: FakeReana, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setenv("REANA_SERVER_URL", modern_reana.url)
    run = modern_reana.add("hello.1.2")
    modern_reana.fail(f"(PUT|POST) .*/{run.id}/(status|start|share)", error(409, f"Workflow {run.id} is not running."))
    answer = await lab.post(f"workflows/{run.id}/{act}", {"email": "grace@example.org"})
    assert (answer.status, answer.json["message"]) == (409, "Workflow hello.1.2 is not running.")


async def test_success_message_names_the_run(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("hello.1.2", status="running")
    answers = [
        await lab.post(f"workflows/{run.id}/stop"),
        await lab.post(f"workflows/{run.id}/restart"),
        await lab.post(f"workflows/{run.id}/prune"),
        await lab.ask("DELETE", f"workflows/{run.id}"),
    ]
    assert [answer.json["message"] for answer in answers] == [
        "Stopped hello.1.2.",
        "Restarted hello.1.2 as hello.1.2.1.",
        "The workspace has been correctly pruned.",
        "Deleted hello.1.2.",
    ]
