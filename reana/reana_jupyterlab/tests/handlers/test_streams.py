"""Streamed downloads and uploads."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana, cut, error, hang

CONTENT = bytes(range(256)) * 20


@pytest.mark.parametrize(
    ("header", "status", "first", "end"),
    [
        ("", 200, 0, 5120),
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100-", 206, 100, 5120),
        ("bytes=-20", 206, 5100, 5120),
        ("bytes=5000-99999", 206, 5000, 5120),
        ("bytes=0-5119", 200, 0, 5120),
        ("bytes=1-2,4-5", 200, 0, 5120),
        ("lines=1-2", 200, 0, 5120),
    ],
)
async def test_range_of_a_file(lab: Lab, reana: FakeReana, header: str, status: int, first: int, end: int) -> None:
    reana.add("a.1", files={"x/plot.png": CONTENT})
    answer = await lab.http.get("workflows/a.1/content/x/plot.png", headers={"Range": header} if header else {})
    assert (answer.status_code, answer.content) == (status, CONTENT[first:end])
    assert answer.headers["Content-Length"] == str(end - first)
    assert answer.headers.get("Content-Range") == (f"bytes {first}-{end - 1}/5120" if status == 206 else None)


async def test_range_outside_the_file_is_rejected(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": CONTENT})
    assert (await lab.get("workflows/a.1/content/x", headers={"Range": "bytes=9999-"})).status == 400


async def test_html_is_sandboxed(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x.html": b"<script>alert(1)</script>"})
    headers = (await lab.get("workflows/a.1/content/x.html")).headers
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/html"


async def test_download_has_a_file_name(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={'x/"ü;\n.txt': b"x"})
    headers = (await lab.get("workflows/a.1/content/x/%22%C3%BC%3B%0A.txt?download=1")).headers
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''%22%C3%BC%3B%0A.txt"


async def test_empty_file_is_shown(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": b""})
    answer = await lab.get("workflows/a.1/content/x")
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize("name", ["nope", "x", "..%2Fx", "xy/nope"])
async def test_path_that_is_not_a_file_is_not_found(lab: Lab, reana: FakeReana, name: str) -> None:
    reana.add("a.1", files={"x/y": b"z"})
    assert (await lab.get(f"workflows/a.1/content/{name}")).status in {400, 404}


async def test_truncated_file_closes_the_connection(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": b"x" * 1_000_000})
    reana.fail("GET .*/workspace/x", cut(b"x" * 500_000))
    with pytest.raises(httpx.RemoteProtocolError):
        await lab.http.get("workflows/a.1/content/x")


async def test_file_is_uploaded_as_a_stream(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1")
    content = b"0123456789" * 300_000
    answer = await lab.http.put("workflows/a.1/upload/new/%C3%BC%20b%252F.bin", content=content)
    assert (answer.status_code, run.files) == (200, {"new/ü b%2F.bin": content})


async def test_empty_file_is_uploaded(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1")
    assert (await lab.http.put("workflows/a.1/upload/empty", content=b"")).status_code == 200
    assert run.files == {"empty": b""}


async def test_rejected_upload_is_reported(lab: Lab, reana: FakeReana) -> None:
    reana.fail("POST .*/workspace", error(403, "The quota is used up."))
    answer = await lab.http.put("workflows/a.1/upload/x", content=b"x" * 3_000_000)
    assert (answer.status_code, answer.json()["message"]) == (403, "The quota is used up.")


async def test_upload_to_a_hanging_reana_ends(lab: Lab, reana: FakeReana) -> None:
    reana.fail("POST .*/workspace", hang)
    assert (await lab.http.put("workflows/a.1/upload/x", content=b"x" * 1000)).status_code == 504


async def test_interrupted_upload_creates_no_file(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1")
    gone_on = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        gone_on.set()
        await asyncio.sleep(600)

    headers = {"Content-Length": "200000"}
    sending = asyncio.ensure_future(lab.http.put("workflows/a.1/upload/x", content=half(), headers=headers))
    await gone_on.wait()
    sending.cancel()
    await asyncio.wait([sending])
    assert (await lab.http.put("workflows/a.1/upload/y", content=b"y")).status_code == 200
    assert run.files == {"y": b"y"}


@pytest.mark.parametrize("name", ["..%2Fx", "a%2F%2Fb", "a%2F..%2Fb"])
async def test_upload_names_a_path_within_the_workspace(lab: Lab, reana: FakeReana, name: str) -> None:
    run = reana.add("a.1")
    assert ((await lab.http.put(f"workflows/a.1/upload/{name}", content=b"x")).status_code, run.files) == (400, {})
