"""Downloads are complete and in the right place."""

import os
from pathlib import Path

import pytest

from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana, error

THIRTEEN = {f"results/plot-{number:02}.txt": f"content {number}".encode() for number in range(13)}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_all_pages_are_downloaded(lab: Lab, reana: FakeReana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ReanaClient.files.__kwdefaults__ or {}, "size", 8)
    run = reana.add("hello.1", files=THIRTEEN)
    answer = await lab.get("workflows/download?workflow_id=hello.1")
    assert answer.json["message"] == "Downloaded 13 files to hello.1."
    assert tree(lab.root / "hello.1") == run.files
    pages = [seen.query["page"] for seen in reana.seen("GET .*/workspace") if "page" in seen.query]
    assert pages == [["1"], ["2"]]


async def test_missing_file_is_not_downloaded(lab: Lab, reana: FakeReana) -> None:
    reana.add("hello.1", files={"a.txt": b"a"})
    answer = await lab.get("workflows/hello.1/workspace/nope.txt")
    assert (answer.status, answer.json["message"]) == (404, "nope.txt does not exist in the workspace.")
    assert tree(lab.root) == {}


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_error_is_never_saved_as_a_file(lab: Lab, reana: FakeReana, status: int) -> None:
    reana.add("hello.1", files={"a.txt": b"a"})
    reana.fail("GET .*/workspace/a.txt", error(status, "No."))
    answer = await lab.get("workflows/hello.1/workspace/a.txt")
    assert (answer.json["status"], tree(lab.root)) == ("error", {})


async def test_files_that_cannot_be_downloaded_are_listed(lab: Lab, reana: FakeReana) -> None:
    reana.add("hello.1", files=THIRTEEN)
    reana.fail("GET .*/workspace/results/plot-05.txt", error(404, "gone"))
    answer = await lab.get("workflows/download?workflow_id=hello.1")
    assert (answer.status, answer.json["status"], answer.json["files"]) == (502, "error", 12)
    assert answer.json["failed"] == [{"name": "results/plot-05.txt", "message": "gone"}]
    told = "Downloaded 12 files to hello.1. 1 file could not be downloaded: results/plot-05.txt."
    assert answer.json["message"] == told
    begun = (await lab.post("workflows/hello.1/download")).json
    ended = await lab.ended(begun["id"])
    assert (ended["state"], ended["message"], ended["result"]["failed"]) == ("done", told, answer.json["failed"])


@pytest.mark.parametrize("count", [3, 50])
async def test_directory_is_downloaded(lab: Lab, reana: FakeReana, count: int) -> None:
    files = {f"results/deep/{number}.txt": str(number).encode() for number in range(count)}
    reana.add("hello.1", files={**files, "other.txt": b"no"})
    answer = await lab.get("workflows/hello.1/workspace/results")
    assert (answer.status, answer.json["files"]) == (200, count)
    assert tree(lab.root / "hello.1") == files


@pytest.mark.parametrize("form", ["results/a.txt", "results%2Fa.txt"])
async def test_slash_in_a_path_may_be_plain(lab: Lab, reana: FakeReana, form: str) -> None:
    reana.add("hello.1", files={"results/a.txt": b"a"})
    assert (await lab.get(f"workflows/hello.1/workspace/{form}")).status == 200
    assert tree(lab.root) == {"hello.1/results/a.txt": b"a"}


async def test_file_that_is_there_can_be_kept(lab: Lab, reana: FakeReana) -> None:
    reana.add("hello.1", files={"a.txt": b"new"})
    (lab.root / "hello.1").mkdir()
    (lab.root / "hello.1/a.txt").write_bytes(b"old")
    assert (await lab.get("workflows/hello.1/workspace/a.txt?overwrite=false")).status == 409
    assert tree(lab.root / "hello.1") == {"a.txt": b"old"}
    assert (await lab.get("workflows/hello.1/workspace/a.txt")).status == 200
    assert tree(lab.root / "hello.1") == {"a.txt": b"new"}


async def test_download_reports_its_progress(lab: Lab, reana: FakeReana) -> None:
    reana.add("hello.1", files=THIRTEEN)
    begun = await lab.post("workflows/hello.1/download", {"paths": ["results"]})
    assert (begun.status, begun.json["kind"]) == (202, "download")
    ended = await lab.ended(begun.json["id"])
    size = sum(map(len, THIRTEEN.values()))
    assert (ended["state"], ended["files_done"], ended["files_total"]) == ("done", 13, 13)
    assert (ended["bytes_done"], ended["bytes_total"]) == (size, size)


async def test_all_paths_are_below_jupyters_root_not_the_process(
    lab: Lab, reana: FakeReana, analysis: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reana.add("hello.1", files={"a.txt": b"a"})
    assert [entry["path"] for entry in (await lab.get("files?path=hello")).json["entries"]] == [
        "hello/code",
        "hello/data",
        "hello/reana.yaml",
    ]
    assert (await lab.post("validate", {"path": "hello/reana.yaml"})).status == 200
    assert (await lab.get("workflows/hello.1/workspace/a.txt")).status == 200
    assert (lab.root / "hello.1/a.txt").is_file()
    assert not (Path(os.getcwd()) / "hello.1").exists()  # noqa: PTH109 - the process's own directory is meant


async def test_sizes_are_numbers_and_files_can_be_shown_and_changed(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("hello.1", files={"a b.txt": b"a" * 2000})
    files = (await lab.get("workflows/hello.1/workspace")).json["files"]
    assert files == [{"name": "a b.txt", "lastModified": "2026-11-21T22:24:05Z", "size": 2000}]
    assert (await lab.get("workflows/hello.1/content/a%20b.txt")).text == "a" * 2000
    assert (await lab.http.put("workflows/hello.1/upload/new.txt", content=b"new")).status_code == 200
    moved = await lab.post("workflows/hello.1/move", {"source": "new.txt", "target": "newer.txt"})
    assert (moved.status, run.files["newer.txt"]) == (200, b"new")
    assert (await lab.ask("DELETE", "workflows/hello.1/workspace/newer.txt")).status == 200
    assert (await lab.ask("DELETE", "workflows/hello.1/workspace/newer.txt")).status == 404
    assert list(run.files) == ["a b.txt"]
