"""Validation of specifications against the table that the workspaces server shares."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reana_jupyterlab.tests.conftest import Lab
from reana_jupyterlab.tests.fake_reana import FakeReana

CASES = yaml.safe_load(Path(__file__).parents[1].joinpath("specifications.yaml").read_bytes())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_each_case_of_the_table(lab: Lab, reana: FakeReana, case: dict[str, Any]) -> None:
    reana.engines = ["serial"]
    (lab.root / "code").mkdir()
    for name in ("data.txt", "code/run.py"):
        (lab.root / name).write_text("", encoding="utf-8")
    answer = await lab.post("validate", {"path": "reana.yaml", "text": case["text"]})
    told = [
        f"{one['severity']} line {one['line']}, column {one['column']} ({one['path']}): {one['message']}"
        for one in answer.json["problems"]
    ]
    assert told == case["problems"]
    reported = [line.strip() for line in answer.json["message"].splitlines()]
    for line in told:
        severity, _, said = line.partition(" ")
        assert f"-> {severity.upper()}: {said}" in reported


async def test_missing_engines_are_cached(lab: Lab, reana: FakeReana) -> None:
    text = "inputs: {}\nworkflow: {type: yadage, specification: {}}\n"
    for _ in range(2):
        assert (await lab.post("validate", {"path": "reana.yaml", "text": text})).json["problems"] == []
    assert len(reana.seen("GET /api/info")) == 1


async def test_validation_needs_no_server(lab_alone: Lab) -> None:
    text = "inputs: {}\nworkflow: {type: yadage, specification: null, file: nope.yaml}\n"
    answer = await lab_alone.post("validate", {"path": "reana.yaml", "text": text})
    assert [one["message"] for one in answer.json["problems"]] == ["the workflow file 'nope.yaml' does not exist"]
