"""Problems of a `reana.yaml` with their positions."""

from pathlib import Path
from string import Template

import pytest

from reana_jupyterlab.handlers.runs import check
from reana_jupyterlab.reana.rooted import Root
from reana_jupyterlab.reana.validate import Problem, report
from reana_jupyterlab.tests.conftest import SPECIFICATION, write_analysis


@pytest.fixture
def root(tmp_path: Path) -> Root:
    write_analysis(tmp_path)
    return Root(tmp_path)


def found(root: Root, text: str) -> list[tuple[str, int, int, str]]:
    return [(one.severity, one.line, one.column, one.message) for one in check(root, "reana.yaml", text)]


def test_valid_specification_has_no_problems(root: Root) -> None:
    assert found(root, SPECIFICATION) == []
    assert report([], name="reana.yaml").splitlines() == [
        "==> Verifying REANA specification file... reana.yaml",
        "  -> SUCCESS: Valid REANA specification file.",
        "==> Verifying input files and directories...",
        "  -> SUCCESS: Input files and directories are there.",
        "==> Verifying REANA specification parameters...",
        "  -> SUCCESS: REANA specification parameters appear valid.",
        "==> Verifying workflow commands...",
        "  -> SUCCESS: Workflow commands appear valid.",
    ]


@pytest.mark.parametrize(
    "used", ["$HOME", "${HOME}", "$$HOME", "$$(date)", "$$$$", "${sleeptime}$$", "$sleeptime", "$"]
)
def test_dollar_signs_follow_the_engine(root: Root, used: str) -> None:
    text = SPECIFICATION.replace("python3 code", f"echo {used} && python3 code")
    try:
        Template(used).substitute(sleeptime=1)
    except (KeyError, ValueError):
        assert {one[0] for one in found(root, text)} == {"error"}
    else:
        assert found(root, text) == []


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "5", "null", "version: [", "workflow: \ud800"])
def test_specification_that_is_not_a_mapping_is_one_problem(root: Root, text: str) -> None:
    assert [one[0] for one in found(root, text)] == ["error"]


def test_bomb_of_aliases_is_refused(root: Root) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (problem,) = found(root, "\n".join(lines))
    assert problem[3].startswith("more than 50000 keys and values")


@pytest.mark.parametrize(
    "text", ["&a [*a]", "a: " + "[" * 5000, "a: !!python/object/apply:os.system [ls]", "? [a]\n: b"]
)
def test_hostile_yaml_is_a_problem(root: Root, text: str) -> None:
    assert "error" in {one[0] for one in found(root, text)}


@pytest.mark.parametrize("value", ["9223372036854775807", "-9223372036854775807", "1.5e300", "!!str 5", "! a"])
def test_edge_value_is_accepted(root: Root, value: str) -> None:
    text = SPECIFICATION.replace("sleeptime: 0.2", f"sleeptime: {value}")
    assert found(root, text) == []


def test_missing_workflow_file_is_a_problem(root: Root) -> None:
    text = "inputs: {}\nworkflow:\n  type: snakemake\n  file: Snakefile\n"
    assert found(root, text) == [("error", 4, 9, "the workflow file 'Snakefile' does not exist")]
    (root.path / "Snakefile").write_text("rule all:\n", encoding="utf-8")
    assert found(root, text) == []


def test_unknown_engine_is_reported_without_a_server(root: Root) -> None:
    text = "inputs: {}\nworkflow:\n  type: parallel\n  file: code/hello.py\n"
    said = "'parallel' is no type of workflow; there is cwl, serial, snakemake and yadage"
    assert found(root, text) == [("error", 3, 9, said)]
    assert [one.message for one in check(root, "reana.yaml", text, ("parallel",))] == []


def test_report_has_one_line_for_each_error() -> None:
    problems = [
        Problem("inputs", "error", "It is missing.", 4, 7, "$.inputs.files[0]"),
        Problem("parameters", "warning", "Unused.", 8, 5, "$.inputs.parameters.n"),
    ]
    lines = report(problems, name="a.yaml").splitlines()
    assert lines[2:6] == [
        "==> Verifying input files and directories...",
        "  -> ERROR: line 4, column 7 ($.inputs.files[0]): It is missing.",
        "==> Verifying REANA specification parameters...",
        "  -> WARNING: line 8, column 5 ($.inputs.parameters.n): Unused.",
    ]
