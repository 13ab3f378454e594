"""Runs are created without reana-client, with any valid name, and failures are reported."""

import tomllib
from pathlib import Path

import pytest

from reana_jupyterlab.tests.conftest import SPECIFICATION, Lab, write_analysis
from reana_jupyterlab.tests.fake_reana import FakeReana, error

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_reana_client_is_no_dependency() -> None:
    dependencies = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    assert not any(name.startswith(("reana", "jupyterlab", "notebook")) for name in dependencies)


async def test_run_is_made_without_any_program_on_the_path(
    lab: Lab, reana: FakeReana, analysis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    answer = await lab.post("run", {"name": "mine", "path": "hello/reana.yaml"})
    assert answer.json["message"] == "Created and started mine.1."
    run = reana.runs[0]
    assert (answer.json["workflow"], run.status) == ({"id": run.id, "name": "mine", "run": "1"}, "queued")
    assert run.files == {"code/hello.py": b"print('hello')\n", "data/names.txt": b"Jane\n"}


@pytest.mark.parametrize("name", ["my-analysis", "Höhe", "a b", "a_b"])
async def test_any_name_that_reana_takes_is_taken(lab: Lab, reana: FakeReana, analysis: Path, name: str) -> None:
    answer = await lab.post("run", {"name": name, "path": "hello/reana.yaml"})
    assert (answer.status, answer.json["workflow"]["name"]) == (200, name)


@pytest.mark.parametrize("name", ["a.b", "", " ", "a/b", "4f9e6a52-90c4-4d0a-9c0c-7ad0b3b0d2a1", " a"])
async def test_name_that_reana_refuses_is_refused_before_anything_is_made(
    lab: Lab, reana: FakeReana, analysis: Path, name: str
) -> None:
    answer = await lab.post("run", {"name": name, "path": "hello/reana.yaml"})
    assert (answer.status, reana.requests) == (400, [])


async def test_yml_is_yaml_too(lab: Lab, reana: FakeReana) -> None:
    write_analysis(lab.root)
    (lab.root / "reana.yaml").rename(lab.root / "other.yml")
    assert [entry["name"] for entry in (await lab.get("files")).json["entries"]] == ["code", "data", "other.yml"]
    assert (await lab.post("validate", {"path": "other.yml"})).status == 200
    assert (await lab.post("run", {"name": "a", "path": "other.yml"})).status == 200


async def test_validation_needs_no_name(lab: Lab, analysis: Path) -> None:
    assert (await lab.post("validate", {"path": "hello/reana.yaml"})).json["status"] == "success"


async def test_parameters_are_described_and_passed_on(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    form = (await lab.get("parameters?path=hello/reana.yaml")).json
    assert [(field["name"], field["type"], field["default"]) for field in form["parameters"]] == [
        ("out", "string", "results/greetings.txt"),
        ("sleeptime", "number", 0.2),
    ]
    body = {"name": "a", "path": "hello/reana.yaml", "parameters": {"sleeptime": 3}}
    assert (await lab.post("run", body)).status == 200
    assert reana.runs[0].parameters == {"sleeptime": 3}


async def test_run_can_be_made_and_not_started(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    answer = await lab.post("run", {"name": "a", "path": "hello/reana.yaml", "start": False})
    assert (answer.json["message"], reana.runs[0].status) == ("Created a.1.", "created")


async def test_run_reports_its_progress(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    begun = await lab.post("run", {"name": "a", "path": "hello/reana.yaml", "background": True})
    ended = await lab.ended(begun.json["id"])
    assert (begun.status, ended["state"], ended["files_done"]) == (202, "done", 2)
    assert ended["result"]["workflow"]["id"] == reana.runs[0].id


async def test_failed_upload_names_the_run_that_was_made(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    reana.fail("POST /api/workflows/.*/workspace", error(500, "The disk is full."))
    answer = await lab.post("run", {"name": "a", "path": "hello/reana.yaml"})
    run = reana.runs[0]
    assert (answer.status, answer.json["workflow"]["id"], run.status) == (502, run.id, "created")
    assert answer.json["message"].startswith("The workflow a.1 was created, but not started: The disk is full.")


async def test_nothing_is_made_when_an_input_is_missing(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    (analysis / "data/names.txt").unlink()
    answer = await lab.post("run", {"name": "a", "path": "hello/reana.yaml"})
    assert (answer.status, reana.runs) == (400, [])
    assert answer.json["message"] == "The input file 'data/names.txt' does not exist."


async def test_writes_are_never_sent_twice(lab: Lab, reana: FakeReana, analysis: Path) -> None:
    reana.fail("POST /api/workflows", error(503, "Busy."))
    assert (await lab.post("run", {"name": "a", "path": "hello/reana.yaml"})).status == 502
    assert len(reana.seen("POST /api/workflows")) == 1


async def test_newer_reana_gets_the_specification_as_a_bundle(
    lab: Lab, modern_reana: FakeReana, analysis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REANA_SERVER_URL", modern_reana.url)
    assert (await lab.post("run", {"name": "a", "path": "hello/reana.yaml"})).status == 200
    body = modern_reana.seen("POST /api/workflows")[0].body
    assert b"reana.yaml" in body
    assert SPECIFICATION.encode() in body
