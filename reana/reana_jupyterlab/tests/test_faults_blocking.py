"""A slow or broken REANA blocks no other request, and its errors are reported correctly."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import Exchange, FakeReana, error, hang, says


async def test_jupyter_responds_while_reana_hangs(lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET /api/workflows.*", hang)
    waiting = [asyncio.ensure_future(lab.get("workflows")) for _ in range(10)]
    while len(reana.seen("GET /api/workflows")) < 10:
        await asyncio.sleep(0.01)
    status = await lab.http.get(str(lab.http.base_url).replace("reana_jupyterlab/", "api/status"))
    # Jupyter answered while none of the ten had: the loop was never held.
    assert (status.status_code, any(one.done() for one in waiting)) == (200, False)
    answers = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {504}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "workflows", None),
        ("GET", "workflows/hello.1/workspace/a.txt", None),
        ("POST", "run", {"name": "mine", "path": "hello/reana.yaml"}),
        ("POST", "workflows/hello.1/stop", {}),
    ],
)
async def test_jupyter_responds_during_requests_to_reana(
    lab: Lab, reana: FakeReana, analysis: Path, method: str, path: str, body: object
) -> None:
    status = str(lab.http.base_url).replace("reana_jupyterlab/", "api/status")
    seen: list[int] = []

    def asks_jupyter_first(exchange: Exchange) -> None:
        seen.append(httpx.get(status, headers=lab.http.headers, timeout=10).status_code)
        exchange.json({"message": "No."}, 404)

    reana.add("hello.1", files={"a.txt": b"x"})
    reana.fail(".* /api/workflows.*", asks_jupyter_first)
    # A blocked event loop could not respond, and REANA waits for that response.
    assert (await lab.ask(method, path, body)).status == 404
    assert seen == [200]


async def test_hanging_reana_times_out(lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET /api/you", hang)
    began = time.monotonic()
    answer = await lab.get("quota")
    assert (answer.status, time.monotonic() - began < 60) == (504, True)


ROUTES_OF_A_RUN = ["", "/logs", "/workspace", "/specification", "/workspace/a.txt", "/content/a.txt", "/logs/follow"]


@pytest.mark.parametrize(
    ("reanas", "ours"),
    [(400, 400), (401, 401), (403, 403), (404, 404), (409, 409), (429, 429), (500, 502), (502, 502), (504, 504)],
)
async def test_error_has_an_http_status(lab: Lab, reana: FakeReana, reanas: int, ours: int) -> None:
    reana.add("hello.1", files={"a.txt": b"x"})
    reana.fail("GET /api/workflows/.*", error(reanas, "No."))
    found = {}
    for route in ROUTES_OF_A_RUN:
        answer = await lab.get(f"workflows/hello.1{route}")
        found[route] = answer.status, answer.json["status"], bool(answer.json["message"])
    assert found == dict.fromkeys(ROUTES_OF_A_RUN, (ours, "error", True))


@pytest.mark.parametrize("message", ["Token not valid.", "User access token revoked.", "User not signed in"])
async def test_rejected_token_is_401_for_any_message(lab: Lab, reana: FakeReana, message: str) -> None:
    reana.fail("GET /api/.*", error(403, message))
    assert (await lab.get("workflows")).status == 401


async def test_unknown_workflow_is_404_even_if_reana_sends_403(lab: Lab) -> None:
    answers = [await lab.get(f"workflows/nosuch.1{route}") for route in ROUTES_OF_A_RUN]
    assert [answer.status for answer in answers] == [404] * len(answers)
    assert not any("REANA_WORKON" in answer.text for answer in answers)


async def test_messages_are_sentences(lab: Lab, reana: FakeReana) -> None:
    assert (await lab.get("workflows/nosuch.1/logs")).json["message"] == "The workflow nosuch.1 does not exist."
    bad = await lab.get("workflows?status=nonsense")
    assert (bad.status, "Unknown status 'nonsense'" in bad.json["message"]) == (400, True)
    nameless = await lab.post("run", {"path": "reana.yaml"})
    assert (nameless.status, nameless.json["message"]) == (
        400,
        "Give the workflow a name without leading or trailing spaces.",
    )
    reana.fail("GET /api/workflows", says(b"<html>busy</html>", 500, "text/html"))
    assert (await lab.get("workflows")).json["message"] == ("REANA returned error 500 without a message.")


@pytest.mark.parametrize(
    "lie",
    [
        b"<html>",
        b'{"items": [',
        b"[]",
        b"null",
        b'{"items": {}}',
        b'{"items": [1]}',
        b'{"items": [{"id": 5, "name": "a.1", "status": "x"}]}',
        b'{"items": [{"id": "i", "name": null, "status": "x"}]}',
        b'{"items": [{"id": "i", "name": "a", "status": "x", "progress": []}], "total": "many"}',
        b"[" * 100_000,
        b"",
        b"\xff\xfe",
    ],
)
async def test_invalid_responses_are_502(lab: Lab, reana: FakeReana, lie: bytes) -> None:
    reana.fail("GET /api/workflows", says(lie))
    answer = await lab.get("workflows")
    assert answer.status == 502
    assert "invalid response" in answer.json["message"] or "JSON" in answer.json["message"]


async def test_names_are_split_at_the_first_dot(lab: Lab, reana: FakeReana) -> None:
    for name in ("hello.1", "hello.1.1", "nodot"):
        reana.add(name)
    items = (await lab.get("workflows")).json["items"]
    assert [(item["name"], item["run"]) for item in items] == [("nodot", ""), ("hello", "1.1"), ("hello", "1")]
