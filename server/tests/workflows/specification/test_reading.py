"""Reading text as a frozen specification, and the format of problems."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from user_workspaces.errors import InvalidRequest, InvalidSpecification
from user_workspaces.interfaces.workflow_specification import FilesAndDirectories, RetentionRule, SpecifiedStep
from user_workspaces.workflows.specification import Problem, Severity, read_json, read_yaml
from user_workspaces.workflows.specification.rules.problems import format_path

TEXT = b"""version: "0.9.4"
inputs:
  files: [code/fit.py]
  directories: [data]
  parameters: {n: 5}
  options: {CACHE: "off"}
outputs: {files: [fit.txt], directories: [plots]}
tests: {files: [tests/run.feature]}
workspace: {root_path: /x, retention_days: {"*.tmp": 1.0, plots/*: 7}}
workflow:
  type: serial
  specification:
    steps:
      - name: fit
        environment: python:3
        compute_backend: local
        kubernetes_memory_limit: 1Gi
        kubernetes_job_timeout: 60.0
        commands: ["fit ${n}", "ls"]
      - {environment: busybox, commands: [ls], kubernetes_cpu_limit: "2", kubernetes_cpu_request: 500m}
"""


def test_specification_has_all_values() -> None:
    found = read_yaml(TEXT).required()
    assert (found.workflow_type, found.version, found.workflow_file) == ("serial", "0.9.4", "")
    assert found.inputs == FilesAndDirectories(("code/fit.py",), ("data",))
    assert found.outputs == FilesAndDirectories(("fit.txt",), ("plots",))
    assert (found.tests, found.root_path) == (("tests/run.feature",), "/x")
    assert found.retention == (RetentionRule("*.tmp", 1), RetentionRule("plots/*", 7))
    assert (found.parameters(), found.options()) == ({"n": 5}, {"CACHE": "off"})
    assert found.steps == (
        SpecifiedStep("python:3", ("fit ${n}", "ls"), "fit", "local", "1Gi", "", "", 60),
        SpecifiedStep("busybox", ("ls",), "", "", "", "500m", "2", None),
    )


def test_specification_is_frozen() -> None:
    found = read_yaml(TEXT).required()
    found.parameters()["n"] = 6
    assert found.parameters() == {"n": 5}
    with pytest.raises(FrozenInstanceError):
        found.version = "1"  # type: ignore[misc]  # it is frozen: that is the test
    assert hash(found) == hash(read_yaml(TEXT).required())


def test_specification_of_other_engine_keeps_document() -> None:
    graph = {"$graph": [{"class": "Workflow", "id": "#main"}]}
    found = read_json({"workflow": {"type": "cwl", "file": "main.cwl", "specification": graph}}).required()
    assert (found.steps, found.workflow_file) == ((), "main.cwl")
    workflow: Any = found.document()["workflow"]
    assert workflow["specification"] == graph
    assert (found.parameters(), found.options()) == ({}, {})


def test_all_errors_are_raised_at_once() -> None:
    reading = read_yaml(b"version: 1\nworkflow:\n  type: serial\n  specification: {steps: [{name: 1}], more: 2}\n")
    with pytest.raises(InvalidSpecification) as caught:
        reading.required()
    assert isinstance(caught.value, InvalidRequest)
    step = "line 4, column 27 ($.workflow.specification.steps[0])"
    path = "$.workflow.specification.steps[0].name"
    assert caught.value.problems == [
        "line 1, column 10 ($.version): it must be text, not a number: put it in quotes",
        f"{step}: 'environment' is missing",
        f"{step}: 'commands' is missing",
        f"line 4, column 34 ({path}): it must be text, not a number: put it in quotes",
    ]
    assert caught.value.message == "The specification cannot be used: " + "; ".join(caught.value.problems)
    assert [one.path for one in reading.warnings] == ["$", "$.workflow.specification.more"]


def test_error_in_alias_has_position_of_anchor() -> None:
    text = b"workflow:\n type: serial\n specification:\n  steps:\n  - &a {environment: e, commands: []}\n  - *a\n"
    assert [(one.line, one.path) for one in read_yaml(text).problems] == [
        (1, "$"),
        (5, "$.workflow.specification.steps[0].commands"),
        (5, "$.workflow.specification.steps[1].commands"),
    ]


def test_merge_prefers_own_keys_then_first_mapping() -> None:
    text = b"workflow: {type: x, file: y}\ninputs:\n parameters:\n  a: &a {k: 1, l: 1}\n  b: &b {k: 2, m: 2}\n"
    text += b"  c: {<<: [*a, *b], l: 3}\n  d: {l: 4, <<: *a}\n  '<<': *a\n"
    assert read_yaml(text).required().parameters() == {
        "a": {"k": 1, "l": 1},
        "b": {"k": 2, "m": 2},
        "c": {"l": 3, "k": 1, "m": 2},
        "d": {"l": 4, "k": 1},
        "<<": {"k": 1, "l": 1},
    }


def test_two_merges_in_one_mapping_are_rejected() -> None:
    (problem,) = read_yaml(b"a: &a {b: 1}\nc: {<<: *a, <<: *a}\n").problems
    assert (problem.line, problem.column) == (2, 13)
    assert problem.message == "duplicate key '<<', first used in line 2"


def test_utf8_signature_is_removed() -> None:
    assert read_yaml(b"\xef\xbb\xbfworkflow: {type: x, file: y}\n").specification is not None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "$"),
        (("a", 0, "b-c_D"), "$.a[0].b-c_D"),
        (("a b", "", "é", "'"), "$['a b']['']['é'][\"'\"]"),
        (("a\nb",), "$['a\\nb']"),
        (("x" * 99,), f"$.{'x' * 60}..."),
    ],
)
def test_paths_are_formatted(path: tuple[str | int, ...], expected: str) -> None:
    assert format_path(path) == expected


def test_problems_are_formatted() -> None:
    assert str(Problem("$.a", 2, 3, "it is wrong")) == "line 2, column 3 ($.a): it is wrong"
    assert str(Problem("$.a", None, None, "it is wrong", Severity.WARNING)) == "$.a: it is wrong"
