"""Downloads: atomic, all pages, any file name."""

import asyncio
import errno
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.downloads import CHUNK, Download
from reana_jupyterlab.reana.errors import LocalFailure, NotFound, ReanaError, Unreachable
from reana_jupyterlab.reana.rooted import Root
from reana_jupyterlab.reana.values import Progress
from reana_jupyterlab.tests.fake_reana import Exchange, FakeReana, Fault, Run, archive, cut, error, says

ODD_NAMES = [
    "a.b.c",
    "with space",
    "ü/é 😀.txt",
    "100%",
    "%2F",
    "a%2Fb.txt",
    "a+b&c=d?e#f",
    "'q\"",
    "-rf",
    "~",
    "a;b",
    ".hidden",
]


@pytest.fixture
def run(reana: FakeReana) -> Run:
    return reana.add("hello.1")


def download(client: ReanaClient, root: Path, seen: Callable[[Progress], None] = lambda _: None) -> Download:
    return Download(client, Root(root), workflow="hello.1", target="hello.1", overwrite=True, on_progress=seen)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_any_file_name_is_preserved(client: ReanaClient, run: Run, tmp_path: Path, name: str) -> None:
    run.files = {name: b"content"}
    assert await download(client, tmp_path).paths([name]) == 1
    assert tree(tmp_path / "hello.1") == run.files


async def test_ten_thousand_files_are_downloaded(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    run.files = {f"results/{number // 100}/{number}.txt": str(number).encode() for number in range(10_000)}
    assert await download(client, tmp_path).paths([]) == 10_000
    assert tree(tmp_path / "hello.1") == run.files
    assert len(reana.requests) < 50


async def test_empty_file_and_an_empty_workspace(client: ReanaClient, run: Run, tmp_path: Path) -> None:
    assert await download(client, tmp_path).paths([]) == 0
    run.files = {"empty": b""}
    assert await download(client, tmp_path).paths([]) == 1
    assert tree(tmp_path / "hello.1") == {"empty": b""}


@pytest.mark.parametrize("promised", [None, 1000])
async def test_connection_that_is_cut_leaves_nothing(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana, promised: int | None
) -> None:
    run.files = {"a.txt": b"x" * 1000}
    reana.fail("GET .*/workspace/a.txt", cut(b"x" * 500, promised=promised))
    with pytest.raises(Unreachable):
        await download(client, tmp_path).paths(["a.txt"])
    assert tree(tmp_path) == {}


async def test_truncated_file_is_removed(client: ReanaClient, run: Run, tmp_path: Path) -> None:
    run.files, run.listed = {"a.txt": b"x" * 10}, {"a.txt": 1000}
    with pytest.raises(Unreachable, match="10 of 1000 bytes"):
        await download(client, tmp_path).paths(["a.txt"])
    assert tree(tmp_path) == {}


async def test_file_that_has_grown_is_kept(client: ReanaClient, run: Run, tmp_path: Path) -> None:
    run.files, run.listed = {"a.log": b"x" * 10}, {"a.log": 5}
    assert await download(client, tmp_path).paths(["a.log"]) == 1


async def test_file_is_written_while_it_arrives(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    def halting(exchange: Exchange) -> None:
        def pieces() -> object:
            yield b"x" * 3 * CHUNK
            exchange.reana.released.wait(60)
            yield b"x" * CHUNK

        exchange.chunked(pieces())  # type: ignore[arg-type] # an iterator of bytes

    run.files = {"a.bin": b"x" * 4 * CHUNK}
    reana.fail("GET .*/workspace/a.bin", halting)
    task = asyncio.ensure_future(download(client, tmp_path).paths(["a.bin"]))
    while not task.done() and not any(path.stat().st_size for path in tmp_path.rglob("*.part")):
        await asyncio.sleep(0.01)
    # Much of it is on the disk, and REANA has not sent its end: it was never whole in memory.
    assert not task.done()
    reana.released.set()
    assert await task == 1


async def test_cancelled_download_leaves_nothing(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    def drip(exchange: Exchange) -> None:
        def pieces() -> object:
            yield b"x" * 100_000
            exchange.reana.released.wait(60)

        exchange.chunked(pieces())  # type: ignore[arg-type] # an iterator of bytes

    run.files = {"a.txt": b"x" * 200_000}
    reana.fail("GET .*/workspace/a.txt", drip)
    task = asyncio.ensure_future(download(client, tmp_path).paths(["a.txt"]))
    while not list(tmp_path.rglob("*.part")):
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), tree(tmp_path)) == (True, {})


async def test_full_disk_is_reported_and_leaves_nothing(
    client: ReanaClient, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.files = {"a.txt": b"x" * 1000}

    def full(descriptor: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("reana_jupyterlab.reana.rooted.os.write", full)
    with pytest.raises(LocalFailure, match="disk is full"):
        await download(client, tmp_path).paths(["a.txt"])
    monkeypatch.undo()
    assert tree(tmp_path) == {}


async def test_unavailable_file_does_not_stop_the_others(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    run.files = {f"{number}.txt": b"x" for number in range(12)}
    reana.fail("GET .*/workspace/5.txt", says(b'{"message": "gone"}', 404))
    reana.fail("GET .*/workspace/7.txt", error(500, "Disk trouble."))
    one = download(client, tmp_path)
    assert await one.paths([]) == 10
    assert {name: str(failure) for name, failure in one.failed.items()} == {"5.txt": "gone", "7.txt": "Disk trouble."}
    assert tree(tmp_path / "hello.1") == {name: b"x" for name in run.files if name not in one.failed}


async def test_download_without_any_file_is_an_error(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    run.files = {f"{number}.txt": b"x" for number in range(3)}
    reana.fail("GET .*/workspace/.+", says(b'{"message": "gone"}', 404))
    with pytest.raises(NotFound, match="gone"):
        await download(client, tmp_path).paths([])


@pytest.mark.parametrize(("status", "most"), [(401, 5), (502, 60)])
async def test_download_stops_when_the_server_is_down(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana, status: int, most: int
) -> None:
    run.files = {f"{number}.txt": b"x" for number in range(200)}
    reana.fail("GET .*/workspace/.+", error(status, "Away."))
    with pytest.raises(ReanaError, match="Away"):
        await download(client, tmp_path).paths([])
    assert len(reana.seen("GET .*/workspace/.+")) < most


@pytest.mark.parametrize("fault", [says(b"no archive"), says(b"PK\x03\x04 half"), error(500), cut(b"PK\x03\x04")])
async def test_failed_archive_falls_back_to_single_files(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana, fault: Fault
) -> None:
    run.files = {f"results/{number}.txt": b"x" for number in range(40)}
    reana.fail("GET .*/workspace/results", fault)
    reana.fail("GET .*/workspace/results/3.txt", error(404, "gone"))
    one = download(client, tmp_path)
    assert (await one.paths(["results"]), list(one.failed)) == (39, ["results/3.txt"])
    assert len(tree(tmp_path)) == 39


async def test_damaged_archive_falls_back_to_single_files(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    run.files = {f"results/{number}.txt": b"some words " * 500 for number in range(40)}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in run.files.items():
            packed.writestr(name, content)
        first = packed.infolist()[0]
    damaged = bytearray(target.getvalue())
    begin = 30 + len(first.filename)  # after the local header
    damaged[begin : begin + first.compress_size] = b"\xff" * first.compress_size
    reana.fail("GET .*/workspace/results", says(bytes(damaged), content_type="application/zip"))
    assert await download(client, tmp_path).paths(["results"]) == 40
    assert tree(tmp_path / "hello.1") == run.files


async def test_files_missing_in_an_archive_are_fetched(
    client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana
) -> None:
    run.files = {f"results/{number}.txt": b"x" for number in range(40)}
    some = dict(list(run.files.items())[:30]) | {"../evil": b"x", "/etc/evil": b"x", "unlisted": b"x"}
    reana.fail("GET .*/workspace/results", says(archive(some), content_type="application/zip"))
    assert await download(client, tmp_path).paths(["results"]) == 40
    assert tree(tmp_path / "hello.1") == run.files


async def test_endless_paging_is_stopped(client: ReanaClient, run: Run, tmp_path: Path, reana: FakeReana) -> None:
    page = b'{"items": [{"name": "a", "size": {"raw": 1}}], "total": 9, "has_next": true}'
    run.files = {"a": b"x"}
    reana.fail("GET .*/workspace", says(page))
    assert await download(client, tmp_path).paths([]) == 1


async def test_progress_grows_to_the_end(client: ReanaClient, run: Run, tmp_path: Path) -> None:
    seen: list[Progress] = []
    run.files = {f"{number}.bin": b"x" * 1000 for number in range(8)}
    await download(client, tmp_path, seen.append).paths([])
    assert [one.bytes_done for one in seen] == sorted(one.bytes_done for one in seen)
    assert (seen[-1].files_done, seen[-1].bytes_done, seen[-1].bytes_total) == (8, 8000, 8000)


async def test_two_concurrent_downloads_are_complete(client: ReanaClient, run: Run, tmp_path: Path) -> None:
    run.files = {f"{number}.bin": os.urandom(100_000) for number in range(10)}
    await asyncio.gather(*(download(client, tmp_path).paths([]) for _ in range(3)))
    assert tree(tmp_path / "hello.1") == run.files


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", ".."])
async def test_listed_name_outside_the_workspace_is_rejected(
    client: ReanaClient, run: Run, tmp_path: Path, name: str
) -> None:
    run.files = {name: b"x"}
    with pytest.raises(ReanaError):
        await download(client, tmp_path / "root").paths([])
    assert tree(tmp_path) == {}
