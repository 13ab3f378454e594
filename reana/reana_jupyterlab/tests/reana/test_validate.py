"""What is wrong with a `reana.yaml`, and where."""

from pathlib import Path
from string import Template

import pytest

from reana_jupyterlab.handlers.runs import check
from reana_jupyterlab.reana.rooted import Root
from reana_jupyterlab.reana.validate import Problem, report
from reana_jupyterlab.tests.conftest import SPECIFICATION, write_analysis

DOLLAR = "A dollar that is for the shell is written $$."
DOLLARS = ("$HOME", "${HOME}", "$$HOME", "$$(date)", "$$$$", "${sleeptime}$$", "$sleeptime", "$")


@pytest.fixture
def root(tmp_path: Path) -> Root:
    write_analysis(tmp_path)
    return Root(tmp_path)


def found(root: Root, text: str) -> list[tuple[str, int, int, str]]:
    return [(one.severity, one.line, one.column, one.message) for one in check(root, "reana.yaml", text)]


def test_a_right_specification_has_no_problems(root: Root) -> None:
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
    ("old", "new", "problem"),
    [
        (
            "type: serial",
            "type: parallel",
            ("error", 13, 3, "'workflow.type' has to be one of serial, snakemake, cwl, yadage."),
        ),
        ("  type: serial\n", "", ("error", 12, 1, "workflow lacks 'type'.")),
        ("code/hello.py\n", "code/nope.py\n", ("error", 4, 7, "The input file 'code/nope.py' does not exist.")),
        ("- data/names.txt", "- data", ("error", 5, 7, "The input file 'data' is a directory.")),
        ("- data/names.txt", "- ../x", ("error", 5, 7, "The input file '../x' does not exist.")),
        (
            "256Mi",
            "lots",
            (
                "error",
                18,
                9,
                None,
            ),
        ),
        (
            "${sleeptime}",
            "${slept}",
            (
                "error",
                20,
                13,
                "The parameter 'slept' is used and not declared in the inputs. For the shell write $$slept.",
            ),
        ),
        (
            "python3 code",
            "echo $(date) && python3 code",
            ("error", 20, 13, DOLLAR),
        ),
        (
            "python3 code",
            "awk '{print $1}' && python3 code",
            ("error", 20, 13, DOLLAR),
        ),
        ("${sleeptime}", "5", ("warning", 8, 5, "The parameter 'sleeptime' is declared and not used.")),
        ('"${out}"', '"${out}', ("warning", 20, 13, "A quotation mark is opened and not closed.")),
        (
            "python3 code",
            "sudo python3 code",
            ("warning", 20, 13, "The command holds 'sudo', which needs rights that a job does not have."),
        ),
        ("kubernetes_memory_limit: 256Mi", "kubernetes_cpu_limit: many", ("error", 18, 9, None)),
        ("inputs:\n", "inputs:\n  options: {FROM: nope}\n", ("error", 3, 13, "The option FROM names no step.")),
        ("inputs:\n", "inputs:\n  options: {CACHE: some}\n", ("error", 3, 13, "The option CACHE is on or off.")),
        ("inputs:\n", "inputs:\n  options: {FAST: 1}\n", ("error", 3, 13, None)),
        ("- results/greetings.txt", "- ../x", ("error", 11, 7, None)),
        ("version: 0.9.4", "versoin: 0.9.4", ("warning", 1, 1, "The key 'versoin' is not known here.")),
        ("version: 0.9.4", "version: [", ("error", 3, 8, None)),
        ("inputs:\n", "workflow:\n", ("error", 12, 1, "The key 'workflow' stands here twice.")),
        ("environment:", "environmnt:", ("error", 16, 9, "workflow.specification.steps.0 lacks 'environment'.")),
    ],
)
def test_a_mistake_is_found_at_its_place(
    root: Root, old: str, new: str, problem: tuple[str, int, int, str | None]
) -> None:
    text = SPECIFICATION.replace(old, new)
    assert text != SPECIFICATION
    severity, line, column, message = problem
    hits = [one for one in found(root, text) if one[:2] == (severity, line)]
    assert hits, found(root, text)
    assert message is None or message in {one[3] for one in hits}
    assert column in {one[2] for one in hits}


@pytest.mark.parametrize(
    "used", ["$HOME", "${HOME}", "$$HOME", "$$(date)", "$$$$", "${sleeptime}$$", "$sleeptime", "$"]
)
def test_a_dollar_is_judged_as_the_engine_judges_it(root: Root, used: str) -> None:
    text = SPECIFICATION.replace("python3 code", f"echo {used} && python3 code")
    try:
        Template(used).substitute(sleeptime=1)
    except (KeyError, ValueError):
        assert {one[0] for one in found(root, text)} == {"error"}
    else:
        assert found(root, text) == []


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "5", "null"])
def test_what_is_no_mapping_is_one_problem(root: Root, text: str) -> None:
    assert found(root, text) == [("error", 1, 1, "The file is not a mapping of keys to values.")]


def test_a_bomb_of_aliases_is_refused(root: Root) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert [one[3] for one in found(root, "\n".join(lines))] == [
        "The file holds too many values, or they are nested too deeply."
    ]


@pytest.mark.parametrize(
    "text", ["&a [*a]", "a: " + "[" * 5000, "a: !!python/object/apply:os.system [ls]", "? [a]\n: b"]
)
def test_hostile_yaml_is_a_problem_and_no_accident(root: Root, text: str) -> None:
    assert "error" in {one[0] for one in found(root, text)}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"a\\0b"', "A text holds a NUL character."),
        (".inf", "Infinity and not-a-number have no place in a specification."),
        ("-.INF", "Infinity and not-a-number have no place in a specification."),
        (".nan", "Infinity and not-a-number have no place in a specification."),
        ("9223372036854775808", "This number is too large: it has more than 64 bits."),
        ("!!binary eA==", "A value of this kind has no place in a specification."),
        ("!!set {a}", "The tag 'tag:yaml.org,2002:set' has no place in a specification."),
        ("!own [a]", "The tag '!own' has no place in a specification."),
        ("!own a", "The value 'a' cannot be read."),
    ],
)
def test_a_value_that_the_server_refuses_is_a_problem_at_its_place(root: Root, value: str, message: str) -> None:
    text = SPECIFICATION.replace("version: 0.9.4", f"version: {value}")
    assert [one for one in found(root, text) if one[3] == message] == [("error", 1, 10, message)]


@pytest.mark.parametrize("value", ["9223372036854775807", "-9223372036854775807", "1.5e300", "!!str 5", "! a"])
def test_a_value_at_the_edge_is_taken(root: Root, value: str) -> None:
    text = SPECIFICATION.replace("version: 0.9.4", f"version: {value}")
    assert [one for one in found(root, text) if "version" not in one[3]] == []


def test_snakemake_needs_its_file(root: Root) -> None:
    text = "workflow:\n  type: snakemake\n  file: Snakefile\n"
    assert found(root, text) == [("error", 3, 3, "The workflow's file 'Snakefile' does not exist.")]
    (root.path / "Snakefile").write_text("rule all:\n", encoding="utf-8")
    assert found(root, text) == []


@pytest.mark.parametrize("engine", ["snakemake", "cwl", "yadage"])
def test_an_engine_needs_its_workflow(root: Root, engine: str) -> None:
    assert found(root, f"workflow:\n  type: {engine}\n") == [("error", 1, 1, "workflow lacks 'file'.")]


def test_the_report_tells_errors_line_by_line() -> None:
    problems = [Problem("inputs", "error", "It is missing.", 4, 7), Problem("parameters", "warning", "Unused.", 8, 5)]
    lines = report(problems, name="a.yaml").splitlines()
    assert lines[2:6] == [
        "==> Verifying input files and directories...",
        "  -> ERROR: line 4, column 7: It is missing.",
        "==> Verifying REANA specification parameters...",
        "  -> WARNING: line 8, column 5: Unused.",
    ]
