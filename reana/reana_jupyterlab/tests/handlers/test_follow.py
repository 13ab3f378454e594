"""Following a run: only what is new, until the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana, error


async def events(lab: Lab, run: str) -> AsyncIterator[tuple[str, Any]]:
    async with lab.http.stream("GET", f"workflows/{run}/logs/follow") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


async def test_run_is_followed_to_its_end(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="running", engine_log="", jobs={"j": {"job_name": "hello", "logs": ""}})
    texts: dict[str, str] = {}
    names = []
    async for name, data in events(lab, "a.1"):
        names.append(name)
        if name == "job":
            run.jobs["j"]["logs"] = "one\n"
        elif name == "log":
            assert data["reset"] is False
            texts[data["job"]] = texts.get(data["job"], "") + data["text"]
            if texts.get("j") == "one\n":
                run.jobs["j"]["logs"], run.engine_log, run.status = "one\ntwo\n", "ended\n", "finished"
        elif name == "end":
            assert data == {"status": "finished"}
    assert texts == {"j": "one\ntwo\n", "": "ended\n"}
    assert (names[0], names[1], names[-1], names.count("run")) == ("hello", "run", "end", 2)


async def test_errors_are_sent_and_following_continues(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="running")
    seen = []
    async for name, data in events(lab, "a.1"):
        seen.append(name)
        if name == "hello":
            reana.fail("GET .*/logs", error(409, "Busy."), times=2)
        elif name == "trouble":
            assert data == {"message": "Busy.", "final": False}
        elif name == "log":
            run.status = "failed"
    assert (seen.count("trouble"), seen[-1]) == (2, "end")


async def test_missing_run_ends_the_stream(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", status="running")
    seen = []
    async for name, data in events(lab, "a.1"):
        seen.append((name, data.get("final")))
        reana.runs.clear()
    assert seen[-1] == ("trouble", True)


async def test_polling_stops_when_the_client_disconnects(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", status="running")
    async for name, _ in events(lab, "a.1"):
        if name == "log":
            break
    before = -1
    while before != len(reana.requests):
        before = len(reana.requests)
        await asyncio.sleep(0.5)
    assert reana.seen("GET .*/logs")


async def test_truncated_log_is_sent_again_with_reset(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1", status="running", jobs={"j": {"job_name": "hello", "logs": "[... 10 left out]\none\ntwo\n"}})
    told: list[tuple[str, bool]] = []
    async for name, data in events(lab, "a.1"):
        if name == "log" and data["job"] == "j":
            told.append((data["text"], data["reset"]))
            if len(told) == 1:
                run.jobs["j"]["logs"] = "[... 14 left out]\ntwo\nsix\n"
            else:
                run.status = "finished"
    assert told == [("[... 10 left out]\none\ntwo\n", False), ("[... 14 left out]\ntwo\nsix\n", True)]
