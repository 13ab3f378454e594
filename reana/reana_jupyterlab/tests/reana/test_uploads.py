"""Uploads: complete, with retries, and failures are reported."""

import asyncio
import os
from pathlib import Path

import pytest

from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import BadRequest, NotSupported, ReanaError, TooManyRequests, Unreachable
from reana_jupyterlab.reana.inputs import InputFile
from reana_jupyterlab.reana.rooted import Root
from reana_jupyterlab.reana.uploads import TRIES, TRIES_AFTER_ERRORS, RunIsIncomplete, RunRequest, run, upload_files
from reana_jupyterlab.reana.values import Progress
from reana_jupyterlab.tests.conftest import write_analysis
from reana_jupyterlab.tests.fake_faults import DiskAccounting, slam
from reana_jupyterlab.tests.fake_reana import FakeReana, error, hang

NAMES = ["a.b.c", "with space", "ü/é 😀.txt", "100%", "%2F", "a+b&c=d?e#f", "'q\"", "deep/er/x"]


def files(root: Path, content: dict[str, bytes]) -> list[InputFile]:
    for name, data in content.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return [InputFile(name, name, len(data)) for name, data in content.items()]


async def upload(client: ReanaClient, root: Path, wanted: list[InputFile]) -> list[Progress]:
    seen: list[Progress] = []
    await upload_files(client, Root(root), "a.1", wanted, on_progress=seen.append)
    return seen


async def test_any_uploaded_name_is_preserved(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    there = reana.add("a.1")
    content = {name: name.encode() for name in NAMES}
    await upload(client, tmp_path, files(tmp_path, content))
    assert there.files == content


async def test_large_and_an_empty_file_arrive_whole(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    there = reana.add("a.1")
    content = {"big": os.urandom(5_000_001), "empty": b""}
    seen = await upload(client, tmp_path, files(tmp_path, content))
    assert there.files == content
    assert (seen[-1].files_done, seen[-1].bytes_done, seen[-1].bytes_total) == (2, 5_000_001, 5_000_001)


async def test_rate_limited_upload_is_retried(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    there = reana.add("a.1")
    reana.fail("POST .*/workspace", error(429, "Too many requests"), times=TRIES - 1)
    seen = await upload(client, tmp_path, files(tmp_path, {"x": b"12345"}))
    assert (there.files, seen[-1].bytes_done) == ({"x": b"12345"}, 5)


async def test_rate_limited_uploads_give_up(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    reana.add("a.1")
    reana.fail("POST .*/workspace", error(429, "Too many requests"))
    with pytest.raises(TooManyRequests):
        await upload(client, tmp_path, files(tmp_path, {"x": b"12345"}))
    assert len(reana.seen("POST .*")) == TRIES


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_file_is_sent_again_after_an_error_of_the_server(
    client: ReanaClient, reana: FakeReana, tmp_path: Path, status: int
) -> None:
    there = reana.add("a.1")
    reana.fail("POST .*/workspace", error(status), times=TRIES_AFTER_ERRORS - 1)
    seen = await upload(client, tmp_path, files(tmp_path, {"x": b"12345"}))
    assert (there.files, seen[-1].bytes_done) == ({"x": b"12345"}, 5)


@pytest.mark.parametrize(("status", "sent"), [(400, 1), (403, 1), (409, 1), (500, TRIES_AFTER_ERRORS)])
async def test_failing_upload_gives_up(
    client: ReanaClient, reana: FakeReana, tmp_path: Path, status: int, sent: int
) -> None:
    reana.add("a.1")
    reana.fail("POST .*/workspace", error(status))
    with pytest.raises(ReanaError) as caught:
        await upload(client, tmp_path, files(tmp_path, {"x": b"12345"}))
    assert (len(reana.seen("POST .*")), caught.value.file) == (sent, "x")


async def test_uploads_do_not_collide_where_disk_space_is_accounted_at_the_end(
    client: ReanaClient, reana: FakeReana, tmp_path: Path
) -> None:
    there, accounting = reana.add("a.1"), DiskAccounting()
    reana.fail("POST .*/workspace", accounting)
    content = {f"data/{number}.txt": b"x" for number in range(6)}
    await upload(client, tmp_path, files(tmp_path, content))
    assert (there.files, accounting.collisions) == (content, 0)


@pytest.mark.parametrize("new", [b"1234567890", b"1"])
async def test_file_changed_during_its_upload_is_reported(
    client: ReanaClient, reana: FakeReana, tmp_path: Path, new: bytes
) -> None:
    there = reana.add("a.1")
    wanted = files(tmp_path, {"x": b"12345"})
    (tmp_path / "x").write_bytes(new)
    with pytest.raises(ReanaError, match="changed while it was uploaded"):
        await upload(client, tmp_path, wanted)
    assert there.files == {}


async def test_file_that_became_a_link_is_not_sent(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    there = reana.add("a.1")
    root = tmp_path / "root"
    wanted = files(root, {"x": b"12345"})
    (tmp_path / "secret").write_bytes(b"54321")
    (root / "x").unlink()
    (root / "x").symlink_to(tmp_path / "secret")
    with pytest.raises(ReanaError):
        await upload(client, root, wanted)
    assert there.files == {}


async def test_cut_connection_ends_the_upload(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    reana.add("a.1")
    reana.fail("POST .*/workspace", slam)
    with pytest.raises(Unreachable):
        await upload(client, tmp_path, files(tmp_path, {"x": b"12345", "y": b"1"}))


async def test_cancelled_upload_ends(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    reana.add("a.1")
    reana.fail("POST .*/workspace", hang)
    task = asyncio.ensure_future(upload(client, tmp_path, files(tmp_path, {"x": b"12345"})))
    while not reana.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_run_that_cannot_start_is_named(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    write_analysis(tmp_path)
    reana.fail("POST .*/start", error(409, "The quota is used up."))
    with pytest.raises(RunIsIncomplete, match="The quota is used up") as caught:
        await run(client, Root(tmp_path), RunRequest("a", "reana.yaml"), on_progress=lambda _: None)
    assert (caught.value.created.id, len(reana.runs[0].files)) == (reana.runs[0].id, 2)


@pytest.mark.parametrize("given", [{"nope": 1}, {"sleeptime": "long"}, {"out": 5}, {"sleeptime": True}])
async def test_invalid_parameters_are_rejected_before_the_creation(
    client: ReanaClient, reana: FakeReana, tmp_path: Path, given: dict[str, str | int]
) -> None:
    write_analysis(tmp_path)
    with pytest.raises(BadRequest):
        await run(client, Root(tmp_path), RunRequest("a", "reana.yaml", parameters=given), on_progress=lambda _: None)
    assert reana.runs == []


async def test_unsupported_engine_is_reported(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("rule all:\n", encoding="utf-8")
    (tmp_path / "reana.yaml").write_text("workflow:\n  type: snakemake\n  file: Snakefile\n", encoding="utf-8")
    with pytest.raises(NotSupported, match="snakemake"):
        await run(client, Root(tmp_path), RunRequest("a", "reana.yaml"), on_progress=lambda _: None)
    assert reana.runs == []


async def test_two_concurrent_creations_make_two_runs(client: ReanaClient, reana: FakeReana, tmp_path: Path) -> None:
    write_analysis(tmp_path)
    order = RunRequest("a", "reana.yaml")
    made = await asyncio.gather(*(run(client, Root(tmp_path), order, on_progress=lambda _: None) for _ in range(2)))
    assert len({one.id for one in made}) == len(reana.runs) == 2
