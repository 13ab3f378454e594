"""Transfers in the background, the drive, files of Jupyter's root."""

import asyncio
import base64
import json

import pytest

from reana_jupyterlab.handlers import workspace
from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import Exchange, FakeReana, error


def drip(exchange: Exchange) -> None:
    def pieces() -> object:
        yield b"x" * 100_000
        exchange.reana.released.wait(60)

    exchange.chunked(pieces())  # type: ignore[arg-type] # an iterator of bytes


async def test_download_is_cancelled_and_leaves_nothing(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": b"x" * 200_000})
    reana.fail("GET .*/workspace/x", drip)
    transfer = (await lab.post("workflows/a.1/download")).json
    while not list(lab.root.rglob("*.part")):
        await asyncio.sleep(0.01)
    ended = (await lab.ask("DELETE", f"transfers/{transfer['id']}")).json
    assert (ended["state"], [path for path in lab.root.rglob("*") if path.is_file()]) == ("cancelled", [])


async def test_disconnect_cancels_the_download(lab: Lab, reana: FakeReana) -> None:
    # Longer than this test waits: it is not REANA's silence that ends it.
    lab.app.web_app.settings["reana_jupyterlab"].config.read_timeout = 60
    reana.add("a.1", files={"x": b"x" * 200_000})
    reana.fail("GET .*/workspace/x", drip)
    asking = asyncio.ensure_future(lab.get("workflows/a.1/workspace/x"))
    while not list(lab.root.rglob("*.part")):
        await asyncio.sleep(0.01)
    asking.cancel()
    async with asyncio.timeout(30):
        while list(lab.root.rglob("*.part")):
            await asyncio.sleep(0.01)
    assert not (lab.root / "a.1/x").exists()


async def test_failed_transfer_says_why(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"x": b"x"})
    reana.fail("GET .*/workspace/x", error(404, "x does not exist."))
    ended = await lab.ended((await lab.post("workflows/a.1/download", {"paths": ["x"]})).json["id"])
    assert (ended["state"], ended["message"]) == ("failed", "x does not exist.")
    assert [one["id"] for one in (await lab.get("transfers")).json["transfers"]] == [ended["id"]]


async def test_unknown_transfer_is_404(lab: Lab) -> None:
    assert (await lab.get("transfers/nope")).status == (await lab.ask("DELETE", "transfers/nope")).status == 404


async def test_files_of_the_root_are_uploaded(lab: Lab, reana: FakeReana) -> None:
    run = reana.add("a.1")
    for name in ("data/deep/x.csv", "data/y.csv", "z.txt"):
        (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.root / name).write_text(name, encoding="utf-8")
    (lab.root / "data/etc").symlink_to("/etc")
    begun = await lab.post("workflows/a.1/upload", {"paths": ["data", "z.txt"], "directory": "in"})
    ended = await lab.ended(begun.json["id"])
    assert (ended["state"], ended["message"]) == ("done", "Uploaded 3 files.")
    assert run.files == {
        "in/data/deep/x.csv": b"data/deep/x.csv",
        "in/data/y.csv": b"data/y.csv",
        "in/z.txt": b"z.txt",
    }


async def test_directory_that_contains_itself_is_rejected(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    (lab.root / "data").mkdir()
    for name in ("again", "once-more"):
        (lab.root / "data" / name).symlink_to(".")
    answer = await lab.post("workflows/a.1/upload", {"paths": ["data"]})
    assert (answer.status, "contains itself" in answer.json["message"]) == (400, True)


async def test_too_many_files_are_rejected(lab: Lab, reana: FakeReana, monkeypatch: pytest.MonkeyPatch) -> None:
    reana.add("a.1")
    monkeypatch.setattr(workspace, "MAX_FILES", 2)
    for name in "abc":
        (lab.root / name).write_text("x")
    answer = await lab.post("workflows/a.1/upload", {"paths": ["a", "b", "c"]})
    assert (answer.status, "more than 2 files" in answer.json["message"]) == (400, True)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "nope", ""])
async def test_only_files_of_the_root_are_uploaded(lab: Lab, reana: FakeReana, path: str) -> None:
    run = reana.add("a.1")
    assert (await lab.post("workflows/a.1/upload", {"paths": [path]})).status in {400, 404}
    assert run.files == {}


async def test_top_of_the_drive_lists_the_runs(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1")
    reana.add("gone.1", status="deleted")
    top = (await lab.get("drive/")).json
    assert (top["type"], top["writable"], [one["path"] for one in top["content"]]) == ("directory", False, ["a.1"])
    assert (await lab.get("drive?content=0")).json["content"] is None


async def test_run_is_a_folder_of_the_drive(lab: Lab, reana: FakeReana) -> None:
    reana.add("a.1", files={"results/deep/x.csv": b"1,2\n", "note.ipynb": b'{"cells": []}', "plot.png": b"\x89PNG"})
    top = (await lab.get("drive/a.1")).json["content"]
    assert [(one["name"], one["type"], one["path"]) for one in top] == [
        ("results", "directory", "a.1/results"),
        ("note.ipynb", "notebook", "a.1/note.ipynb"),
        ("plot.png", "file", "a.1/plot.png"),
    ]
    assert [one["name"] for one in (await lab.get("drive/a.1/results")).json["content"]] == ["deep"]
    text = (await lab.get("drive/a.1/results/deep/x.csv")).json
    assert (text["format"], text["content"], text["mimetype"], text["size"]) == ("text", "1,2\n", "text/csv", 4)
    assert (await lab.get("drive/a.1/note.ipynb")).json["content"] == json.loads('{"cells": []}')
    image = (await lab.get("drive/a.1/plot.png")).json
    assert (image["format"], base64.b64decode(image["content"])) == ("base64", b"\x89PNG")


@pytest.mark.parametrize("path", ["nope.1", "a.1/nope", "a.1/../x", "..%2F.."])
async def test_path_outside_the_drive_is_not_found(lab: Lab, reana: FakeReana, path: str) -> None:
    reana.add("a.1", files={"x": b"y"})
    assert (await lab.get(f"drive/{path}")).status in {400, 404}


async def test_file_browser_shows_folders_first_and_nothing_hidden(lab_alone: Lab) -> None:
    for name in ("b.yaml", "a.YML", "x.txt", ".hidden.yaml"):
        (lab_alone.root / name).write_text("", encoding="utf-8")
    for name in ("zoo", ".git", "ü 1"):
        (lab_alone.root / name).mkdir()
    assert (await lab_alone.get("files")).json["entries"] == [
        {"name": "zoo", "type": "directory", "path": "zoo"},
        {"name": "ü 1", "type": "directory", "path": "ü 1"},
        {"name": "a.YML", "type": "file", "path": "a.YML"},
        {"name": "b.yaml", "type": "file", "path": "b.yaml"},
    ]


@pytest.mark.parametrize("path", ["nope", "b.yaml", ".git"])
async def test_path_that_is_not_a_directory_is_404(lab_alone: Lab, path: str) -> None:
    (lab_alone.root / "b.yaml").write_text("", encoding="utf-8")
    (lab_alone.root / ".git").mkdir()
    assert (await lab_alone.get(f"files?path={path}")).status == 404


async def test_unsaved_text_is_validated_in_place_of_the_file(lab: Lab, analysis: object) -> None:
    answer = await lab.post("validate", {"path": "hello/reana.yaml", "text": "workflow:\n  type: x\n"})
    assert (answer.status, answer.json["status"]) == (400, "error")
    assert (answer.json["problems"][0]["line"], answer.json["problems"][0]["severity"]) == (2, "error")


@pytest.mark.parametrize("path", ["../reana.yaml", "/etc/passwd", "hello/code/hello.py", "nope.yaml", ""])
async def test_only_yaml_below_the_root_is_validated(lab: Lab, analysis: object, path: str) -> None:
    answer = await lab.post("validate", {"path": path})
    assert (answer.status in {400, 404}, answer.json["status"]) == (True, "error")
