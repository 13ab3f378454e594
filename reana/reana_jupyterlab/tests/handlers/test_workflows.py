"""Runs: list, actions, comparison, sharing."""

import json
from typing import Any

import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana, error, says

RUN_FIELDS = {"id", "name", "run", "status", "createdAt", "startedAt", "finishedAt", "stoppedAt"}


async def test_page_of_runs(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", jobs={"x": {"status": "finished"}, "y": {"status": "running"}})
    page = (await lab.get("workflows?page=1&search=a&sort=asc&status=finished")).json
    assert set(page) == {"items", "total", "page", "has_next", "has_prev"}
    item = page["items"][0]
    assert RUN_FIELDS | {"finishedJobs", "totalJobs"} <= set(item)
    assert (item["name"], item["run"], item["finishedJobs"], item["totalJobs"]) == ("a", "1", 1, 2)
    query = reana.seen("GET /api/workflows")[0].query
    assert (query["type"], query["status"], query["sort"]) == (["batch"], ["finished"], ["asc"])


async def test_several_statuses_are_one_filter(lab: Lab, reana: FakeReana) -> None:
    for status in ("running", "failed", "finished"):
        reana.add(f"{status}.1", status=status)
    for query in ("status=running&status=failed", "status=running,failed"):
        names = [item["name"] for item in (await lab.get(f"workflows?{query}")).json["items"]]
        assert names == ["failed", "running"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "size=-1", "sort=up", "type=x", "page=1e9", "page=²"])
async def test_invalid_query_is_rejected(lab: Lab, reana: FakeReana, query: str) -> None:
    assert ((await lab.get(f"workflows?{query}")).status, reana.requests) == (400, [])


async def test_search_for_a_run_finds_its_workflow(lab: Lab, reana: FakeReana) -> None:
    reana.add("hello.1")
    assert (await lab.get("workflows?search=hello.1")).json["total"] == 1


@pytest.mark.parametrize("reference", ["hello.1.1", "hello"])
async def test_run_by_its_name(lab: Lab, reana: FakeReana, reference: str) -> None:
    run = reana.add("hello.1.1")
    answer = (await lab.get(f"workflows/{reference}")).json
    assert (answer["id"], answer["name"], answer["run"]) == (run.id, "hello", "1.1")


async def test_created_run_is_started_with_parameters(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="created")
    answer = await lab.post("workflows/a.1/start", {"parameters": {"n": 5}, "options": {"CACHE": False}})
    assert (answer.json["workflow"]["status"], run.parameters) == ("queued", {"n": 5})
    assert (await lab.post("workflows/a.1/start")).status == 409


async def test_ended_run_is_restarted_as_a_new_one(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    answer = await lab.post("workflows/a.1/restart", {"parameters": {"n": 6}})
    assert (answer.json["workflow"]["name"], answer.json["workflow"]["run"]) == ("a", "1.1")
    assert (reana.runs[0].parameters, answer.json["message"]) == ({"n": 6}, "Restarted a.1 as a.1.1.")


async def test_run_is_stopped_once(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="running")
    assert ((await lab.post("workflows/a.1/stop")).status, run.status) == (200, "stopped")
    answer = await lab.post("workflows/a.1/stop")
    assert (answer.status, "is not running" in answer.json["message"]) == (409, True)


@pytest.mark.parametrize(
    ("query", "sent"),
    [("", (True, False)), ("?workspace=false", (False, False)), ("?all_runs=true", (True, True))],
)
async def test_run_is_deleted(lab: Lab, reana: FakeReana, query: str, sent: tuple[bool, bool]) -> None:
    run = reana.add("a.1")
    assert ((await lab.ask("DELETE", f"workflows/a.1{query}")).status, run.status) == (200, "deleted")
    body = reana.seen("PUT .*")[0].body
    assert body == f'{{"workspace":{str(sent[0]).lower()},"all_runs":{str(sent[1]).lower()}}}'.encode()


@pytest.mark.parametrize("body", [{"parameters": []}, {"options": "x"}, {"parameters": 5}])
async def test_parameters_have_to_be_an_object(lab: Lab, reana: FakeReana, body: dict[str, Any]) -> None:
    reana.add("a.1", status="created")
    assert (await lab.post("workflows/a.1/start", body)).status == 400
    assert not reana.seen("POST .*")


async def test_two_runs_are_compared(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"code/x.py": b"1\n", "same": b"s"})
    second = reana.add("a.2", files={"code/x.py": b"2\n", "same": b"s", "new": b"n"})
    answer = (await lab.get(f"workflows/a.1/diff/{second.id}?brief=true")).json
    assert answer == {
        "specification": {"inputs": ["- a: 1", "+ a: 2"]},
        "files": "Files a.1/code/x.py and a.2/code/x.py differ\nOnly in a.2: new\n",
        "changes": [{"path": "code/x.py", "kind": "changed"}, {"path": "new", "kind": "second"}],
        "complete": True,
    }
    whole = (await lab.get("workflows/a.1/diff/a.2?context_lines=3")).json
    assert (whole["changes"], "-1\n+2\n" in whole["files"]) == (answer["changes"], True)
    assert reana.requests[-1].query.get("context_lines", ["3"]) == ["3"]


@pytest.mark.parametrize(
    ("listing", "complete"),
    [('{"Only in workspace a: code": null}', False), ('["Only in a.1: code"]', True), ('""', True), ("null", True)],
)
async def test_comparison_in_the_documented_form_is_read_too(
    lab: Lab, reana: FakeReana, listing: str, complete: bool
) -> None:
    reana.add("a.1")
    reana.add("a.2")
    body = json.dumps({"reana_specification": "{}", "workspace_listing": listing}).encode()
    reana.fail("GET .*/diff/.*", says(body))
    answer = (await lab.get("workflows/a.1/diff/a.2")).json
    assert (answer["complete"], len(answer["changes"])) == (complete, int("a.1" in listing))


async def test_sharing_where_it_is_not_offered(lab: Lab, reana: FakeReana) -> None:
    answer = await lab.get("workflows/a.1/share")
    assert (answer.status, answer.json["message"]) == (501, "This REANA server does not offer sharing.")


async def test_list_of_shared_runs_is_not_guessed(lab: Lab, reana: FakeReana) -> None:
    reana.add("mine.1")
    reana.add("theirs.1", owner="grace@example.org")
    answer = await lab.get("workflows?shared_by=anybody")
    assert (answer.status, answer.json["message"]) == (501, "This REANA server does not offer sharing.")


async def test_runs_shared_with_me_carry_their_owner(lab: Lab, reana: FakeReana) -> None:
    reana.sharing = True
    reana.add("mine.1")
    reana.add("theirs.1", owner="grace@example.org")
    for query, names in (("", ["mine"]), ("?shared_by=anybody", ["theirs"]), ("?shared=true", ["theirs", "mine"])):
        assert [item["name"] for item in (await lab.get(f"workflows{query}")).json["items"]] == names
    item = (await lab.get("workflows?shared_by=grace@example.org")).json["items"][0]
    assert (item["ownerEmail"], item["sharedWith"]) == ("grace@example.org", [])


async def test_sharing_where_it_is_offered(lab: Lab, modern_reana: FakeReana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REANA_SERVER_URL", modern_reana.url)
    assert (await lab.post("workflows/a.1/share", {"email": "joe@example.org"})).status == 200
    assert (await lab.get("workflows/a.1/share")).json["shares"] == [
        {"user_email": "joe@example.org", "valid_until": None}
    ]
    assert (await lab.ask("DELETE", "workflows/a.1/share?email=joe@example.org")).status == 200
    assert (await lab.get("workflows/a.1/share")).json["shares"] == []
    assert (await lab.ask("DELETE", "workflows/a.1/share")).status == 400


async def test_deleted_workspace_says_so(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", status="deleted")
    answer = await lab.get("workflows/a.1/workspace")
    assert (answer.status, answer.json["files"], answer.json["deleted"]) == (200, [], True)
    assert answer.json["message"] == "The workspace of a.1 has been deleted."


async def test_empty_workspace_is_empty(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", status="created")
    answer = (await lab.get("workflows/a.1/workspace")).json
    assert (answer["totalFiles"], "deleted" in answer) == (0, False)


@pytest.mark.parametrize("what", ["logs", "workspace", "specification"])
async def test_query_form_equals_the_path_form(lab: Lab, reana: FakeReana, what: str) -> None:
    reana.add("a.1", files={"x": b"y"})
    by_path, by_query = await lab.get(f"workflows/a.1/{what}"), await lab.get(f"workflows/{what}?workflow_id=a.1")
    assert (by_query.status, by_query.json) == (200, by_path.json)
    assert (await lab.get(f"workflows/{what}")).status in {400, 404}


async def test_logs_are_searched(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", engine_log="one\ntwo\n", jobs={"j": {"logs": "two\nthree\n"}})
    answer = (await lab.get("workflows/a.1/logs?search=TWO")).json
    assert (answer["engineLogs"], answer["jobLogs"]["j"]["logs"]) == ("two\n", "two\n")


async def test_logs_that_break_off_are_an_error(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    reana.fail("GET .*/logs", says(b'{"logs": "{\\"workflow_logs\\": \\"x'))
    assert (await lab.get("workflows/a.1/logs")).status == 502


async def test_rate_limit_of_reana_is_reported(lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET .*", error(429, "Too many requests"))
    answer = await lab.get("workflows")
    assert (answer.status, answer.json["message"].startswith("REANA received too many requests")) == (429, True)
