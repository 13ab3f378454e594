"""The corpus: each file starts with its expected problems, one per line: `# line:column path message`."""

from pathlib import Path

import pytest
import yaml

from user_workspaces.errors import InvalidSpecification
from user_workspaces.workflows.specification import Problem, Reading, Severity, read_json, read_yaml
from user_workspaces.workflows.specification.rules import composer

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).with_name("corpus")
WRONG = sorted((CORPUS / "wrong").glob("*.yaml"))
RIGHT = sorted((CORPUS / "right").glob("*.yaml"))
INVALID_YAML = "invalid YAML: "


def stem(path: Path) -> str:
    return path.stem


def expected(path: Path) -> list[str]:
    """Return the expected problems at the start of the file."""
    lines = []
    for line in path.read_bytes().splitlines():
        if not line.startswith(b"# ") or b" $" not in line:
            break
        lines.append(line.decode().removeprefix("# ").rstrip())
    return lines


def loads(path: Path) -> bool:
    """Return whether the error is in the values, so that the YAML library can load the same values."""
    if path.stem.startswith(("key_", "step_key_", "reference", "tag_")):
        return False
    try:
        yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return True


def described(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{one.line}:{one.column} {one.path} {one.message}".rstrip() for one in problems]


def errors(reading: Reading) -> tuple[Problem, ...]:
    return tuple(one for one in reading.problems if one.severity is Severity.ERROR)


def test_corpus_is_large() -> None:
    assert len(WRONG) >= 60
    assert len(RIGHT) >= 15


@pytest.mark.parametrize("path", WRONG, ids=stem)
def test_wrong_specification_is_rejected_with_position(path: Path) -> None:
    reading = read_yaml(path.read_bytes())
    assert reading.specification is None
    assert described(errors(reading)[:1]) == expected(path)
    with pytest.raises(InvalidSpecification) as caught:
        reading.required()
    assert caught.value.problems[0] == str(errors(reading)[0])


@pytest.mark.parametrize("path", WRONG, ids=stem)
def test_wrong_specification_is_rejected_by_python_parser(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same problems, except for the parsers' own texts about invalid YAML."""
    monkeypatch.setattr(composer, "LOADER", yaml.SafeLoader)
    found = described(errors(read_yaml(path.read_bytes()))[:1])
    if INVALID_YAML in expected(path)[0]:
        assert INVALID_YAML in found[0]
    else:
        assert found == expected(path)


@pytest.mark.parametrize("path", [path for path in WRONG if "$." in expected(path)[0] and loads(path)], ids=stem)
def test_wrong_json_is_rejected_with_same_message(path: Path) -> None:
    (found, *_) = errors(read_json(yaml.safe_load(path.read_bytes())))
    assert (found.line, found.column) == (None, None)
    assert f"{found.path} {found.message}" == expected(path)[0].partition(" ")[2]


@pytest.mark.parametrize("path", RIGHT, ids=stem)
def test_valid_specification_is_read_with_warnings(path: Path) -> None:
    reading = read_yaml(path.read_bytes())
    assert described(reading.problems) == expected(path)
    assert reading.warnings == reading.problems
    specification = reading.required()
    assert specification.workflow_type == yaml.safe_load(path.read_bytes())["workflow"]["type"]


@pytest.mark.parametrize("path", RIGHT, ids=stem)
def test_valid_specification_is_same_with_python_parser(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_yaml(path.read_bytes())
    monkeypatch.setattr(composer, "LOADER", yaml.SafeLoader)
    assert read_yaml(path.read_bytes()) == first


@pytest.mark.parametrize("path", RIGHT, ids=stem)
def test_valid_specification_is_same_as_json(path: Path) -> None:
    first = read_yaml(path.read_bytes()).required()
    again = read_json(first.document())
    assert again.required() == first
    assert all(one.line is None and one.column is None for one in again.problems)


@pytest.mark.parametrize("path", RIGHT, ids=stem)
def test_values_match_yaml_library(path: Path) -> None:
    loaded = yaml.safe_load(path.read_bytes())
    if path.stem == "values_of_parameters":
        assert str(loaded["inputs"]["parameters"].pop("day")) == "2024-05-01"
        loaded["inputs"]["parameters"]["day"] = "2024-05-01"
    assert read_yaml(path.read_bytes()).required().document() == loaded
