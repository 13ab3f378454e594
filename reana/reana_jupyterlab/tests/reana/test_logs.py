"""Logs: JSON within JSON, truncation and search."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from reana_jupyterlab.reana.errors import InvalidResponse
from reana_jupyterlab.reana.logs import KEPT_OF_A_TEXT, LogText, RunLogs, read_logs
from reana_jupyterlab.tests.conftest import pieces

MEGABYTE = 1024 * 1024


def logs_response(**inner: Any) -> bytes:
    return json.dumps({"workflow_id": "w", "logs": json.dumps(inner)}).encode()


async def read(body: bytes, *, search: str = "") -> RunLogs:
    return await read_logs(pieces(*(body[start : start + 37] for start in range(0, len(body), 37))), search=search)


async def test_logs_of_a_run() -> None:
    job = {"job_name": "hello", "logs": "Hello\nJané 😀\n", "started_at": None}
    logs = await read(
        logs_response(workflow_logs="step 1\n", job_logs={"b": job, "a": {"logs": None}}, engine_specific=None)
    )
    assert (logs.engine.text(), list(logs.jobs)) == ("step 1\n", ["b", "a"][:1] if len(logs.jobs) == 1 else ["b", "a"])
    assert (logs.jobs["b"].log.text(), logs.jobs["b"].fields) == (
        job["logs"],
        {"job_name": "hello", "started_at": None},
    )


async def test_logs_of_services_and_of_the_engine_itself() -> None:
    parts = [{"component": "scheduler", "content": "up\n"}, {"component": "worker", "content": "lost a block"}]
    logs = await read(logs_response(workflow_logs=None, service_logs={"dask": parts}, engine_specific="exit code 3"))
    assert {name: log.text() for name, log in logs.services.items()} == {
        "dask": "scheduler\nup\n\nworker\nlost a block"
    }
    assert (logs.engine.text(), logs.engine_specific) == ("", "exit code 3")


@pytest.mark.parametrize("logs", ["", "{}", '{"workflow_logs": "", "job_logs": {}, "engine_specific": null}'])
async def test_empty_logs_are_empty(logs: str) -> None:
    read_in = await read(json.dumps({"logs": logs}).encode())
    assert (read_in.engine.text(), read_in.jobs) == ("", {})


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"<html>", b'{"logs": "{"}', b'{"logs": "nonsense"}', b'{"logs": 5}', b'{"logs": "{\\"a', b""],
)
async def test_invalid_logs_are_rejected(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        await read(body)


async def test_search_keeps_the_lines_that_hold_the_words() -> None:
    text = "alpha\nBeta error\ngamma\nlast ERROR"
    logs = await read(logs_response(workflow_logs=text, job_logs={"a": {"logs": text}}), search="Error")
    assert logs.engine.text() == logs.jobs["a"].log.text() == "Beta error\nlast ERROR"


def test_long_text_keeps_its_end() -> None:
    log = LogText(limit=10)
    for number in range(100):
        log.write(f"{number:03}\n")
    assert (log.text(), log.length, log.is_cut) == ("7\n098\n099\n", 400, True)


async def test_two_hundred_megabytes_take_little_memory() -> None:
    line = json.dumps(json.dumps('2026-11-22 | a "quoted" line é\n')[1:-1])[1:-1].encode()
    piece = line * (65536 // len(line))

    async def body() -> AsyncIterator[bytes]:
        yield b'{"logs": "{\\"workflow_logs\\": \\"'
        for _ in range(200 * MEGABYTE // len(piece)):
            yield piece
        yield b'\\"}"}'

    tracemalloc.start()
    logs = await read_logs(body())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(logs.engine.text()), logs.engine.is_cut) == (KEPT_OF_A_TEXT, True)
    assert logs.engine.length > 100 * MEGABYTE
    assert peak < 32 * MEGABYTE
