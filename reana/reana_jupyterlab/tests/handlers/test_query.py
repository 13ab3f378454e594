"""Query parameters: those of REANA are forwarded, unknown ones are rejected."""

from typing import Any

import pytest

from reana_jupyterlab.handlers.handlers import ONE, REST, ROUTES
from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana

EVERY = [
    (method, route.replace(ONE, "a.1").replace(REST, "x.txt").replace("/?", "/"))
    for route, handler in ROUTES
    for method in ("GET", "POST", "PUT", "DELETE")
    if method.lower() in vars(handler)
]


async def test_unknown_parameter_is_rejected_by_every_route(lab: Lab, reana: FakeReana) -> None:
    found = {}
    for method, path in EVERY:
        answer = await lab.ask(method, f"{path}?pages=2", None if method == "GET" else {})
        found[method, path] = answer.status, answer.json["message"].partition(";")[0]
    assert found == dict.fromkeys(EVERY, (400, "Unknown query parameter 'pages'"))
    assert reana.requests == []


async def test_parameters_of_jupyter_are_accepted(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    for query in ("1790000000000", "page=1&1790000000000", "_xsrf=x", "no_track_activity=1"):
        assert (await lab.get(f"workflows?{query}")).status == 200


@pytest.mark.parametrize(
    ("path", "asked", "sent"),
    [
        ("workflows", {"verbose": "true"}, "GET /api/workflows"),
        ("workflows", {"include_progress": "false", "include_workspace_size": "true"}, "GET /api/workflows"),
        ("workflows", {"workflow_id_or_name": "a"}, "GET /api/workflows"),
        ("workflows", {"shared": "true"}, "GET /api/workflows"),
        ("workflows", {"shared_by": "grace@example.org"}, "GET /api/workflows"),
        ("workflows", {"shared_with": "anybody"}, "GET /api/workflows"),
        ("workflows/a.1/logs", {"page": "2", "size": "5"}, "GET .*/logs"),
        ("workflows/a.1/workspace", {"file_name": "results/*"}, "GET .*/workspace"),
        ("workflows/a.1/diff/a.1", {"brief": "true", "context_lines": "7"}, "GET .*/diff/.*"),
    ],
)
async def test_parameter_of_reana_is_passed_on(
    lab: Lab, modern_reana: FakeReana, monkeypatch: Any, path: str, asked: dict[str, str], sent: str
) -> None:
    monkeypatch.setenv("REANA_SERVER_URL", modern_reana.url)
    modern_reana.add("a.1", files={"x": b"y"})
    assert (await lab.get(path, params=asked)).status == 200
    query = modern_reana.seen(sent)[-1].query
    assert {name: query.get(name) for name in asked} == {name: [value] for name, value in asked.items()}


@pytest.mark.parametrize("by", ["id", "name", "name.run"])
async def test_one_run_is_requested(lab: Lab, reana: FakeReana, by: str) -> None:
    reana.add("other.1")
    wanted = reana.add("hello.1.1")
    reana.add("hello.2") if by != "name" else None
    named = {"id": wanted.id, "name": "hello", "name.run": "hello.1.1"}[by]
    answer = (await lab.get(f"workflows?workflow_id_or_name={named}&status=finished")).json
    assert ([item["id"] for item in answer["items"]], answer["total"]) == ([wanted.id], 1)


async def test_missing_run_is_not_listed(lab: Lab, reana: FakeReana) -> None:
    reana.add("hello.1")
    answer = await lab.get("workflows?workflow_id_or_name=hello.7")
    assert (answer.status, answer.json["items"]) == (200, [])


async def test_path_and_a_parameter_do_not_name_two_runs(lab: Lab, reana: FakeReana) -> None:
    assert ((await lab.get("workflows/a.1/logs?workflow_id=b.1")).status, reana.requests) == (400, [])


async def test_listing_of_files_carries_total(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={f"{number}.txt": b"x" for number in range(7)})
    answer = (await lab.get("workflows/a.1/workspace?size=3")).json
    assert (len(answer["files"]), answer["total"], answer["totalFiles"]) == (3, 7, 7)


async def test_size_of_a_run_is_returned_on_request(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": b"12345"})
    sizes = [
        (await lab.get(f"workflows{query}")).json["items"][0]["size"] for query in ("", "?include_workspace_size=true")
    ]
    assert sizes == [-1, 5]
