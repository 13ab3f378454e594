"""Limits of size, depth and number are enforced early; the tests count parser events instead of time."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.budget import budget
from user_workspaces.workflows.specification import Reading, read_json, read_yaml
from user_workspaces.workflows.specification.rules import composer
from user_workspaces.workflows.specification.rules.limits import (
    LARGEST_INTEGER,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    Budget,
)

LARGE = MAX_BYTES - 100


@pytest.fixture(params=["in C", "in Python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with both parsers."""
    if request.param == "in Python":
        monkeypatch.setattr(composer, "LOADER", yaml.SafeLoader)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the events that are read from the parser."""
    parse, events = yaml.parse, [0]

    def counting(text: str, **named: Any) -> Iterator[yaml.Event]:
        for event in parse(text, **named):
            events[0] += 1
            yield event

    monkeypatch.setattr(yaml, "parse", counting)
    return events


def message(reading: Reading) -> str:
    assert reading.specification is None
    return reading.problems[0].message


def step(line: str) -> bytes:
    text = (
        f"workflow:\n type: serial\n specification:\n  steps:\n   - environment: e\n     commands: [a]\n     {line}\n"
    )
    return text.encode()


def test_text_of_largest_size_is_read() -> None:
    text = b"workflow: {type: x, file: y}\n#"
    assert read_yaml(text + b"x" * (MAX_BYTES - len(text))).specification is not None
    assert message(read_yaml(text + b"x" * (MAX_BYTES - len(text) + 1))) == "the text is larger than 1048576 bytes"


def test_text_that_is_too_large_is_not_parsed(counted: list[int]) -> None:
    read_yaml(b"[" * (MAX_BYTES + 1))
    assert counted == [0]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", '{"a":['], ids=repr)
def test_deep_nesting_is_rejected_at_limit(counted: list[int], opening: str) -> None:
    reading = read_yaml((opening * (LARGE // len(opening))).encode())
    assert "more than 64 levels deep" in message(reading) or "keys must be text" in message(reading)
    assert counted[0] <= 3 * (MAX_DEPTH + 2)


@pytest.mark.slow
@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("text", ["[" + "1," * (LARGE // 2) + "]", "- a\n" * (LARGE // 4)], ids=["flow", "block"])
def test_too_many_values_are_rejected_at_limit(counted: list[int], text: str) -> None:
    assert "more than 50000 keys and values" in message(read_yaml(text.encode()))
    assert counted[0] == MAX_NODES + 3


def test_many_values_are_read_once_each(counted: list[int]) -> None:
    """The number of events is linear in the number of steps."""
    seen = []
    for number in (500, 1000, 2000):
        counted[0] = 0
        steps = "   - {environment: e, commands: [a]}\n" * number
        read_yaml(f"workflow:\n type: serial\n specification:\n  steps:\n{steps}".encode())
        seen.append(counted[0])
    assert seen[2] - seen[1] == 2 * (seen[1] - seen[0])


@pytest.mark.usefixtures("loader")
def test_multiplying_aliases_are_rejected_before_expansion(counted: list[int]) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 60)]
    assert "counting every use of an alias" in message(read_yaml("\n".join(lines).encode()))
    assert counted[0] < 100


@pytest.mark.parametrize("merge", ["<<: *m", "<<: [*m, *m, *m]"])
def test_multiplying_merges_are_rejected(merge: str) -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(1000))
    lines = [f"m: &m {{{keys}}}", *(f"x{number}: {{{merge}}}" for number in range(1000))]
    assert "counting every use of an alias" in message(read_yaml("\n".join(lines).encode()))


def test_long_text_repeated_by_aliases_is_rejected() -> None:
    text = f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 1000)}]"
    assert "more than 1048576 characters of text" in message(read_yaml(text.encode()))


@pytest.mark.parametrize(
    "value",
    ["1" * LARGE, "." + "1" * LARGE + "x", "0" * LARGE + "x", "1" * LARGE + "x", " " * LARGE],
    ids=["digits", "point", "zeros", "number", "blanks"],
)
@pytest.mark.parametrize("key", ["kubernetes_cpu_limit", "kubernetes_memory_limit", "htcondor_max_runtime", "name"])
def test_long_value_of_step_is_rejected(key: str, value: str) -> None:
    """No pattern backtracks: that would take hours for these texts."""
    assert message(read_yaml(step(f'{key}: "{value[: LARGE - 1000]}"')))


@pytest.mark.parametrize(
    "command",
    [one * (budget(LARGE // 20, full=LARGE) // len(one)) for one in ("$", "${", "$a ", "${a")],
    ids=range(4),
)
def test_long_command_is_read_once(command: str) -> None:
    document = {
        "workflow": {"type": "serial", "specification": {"steps": [{"environment": "e", "commands": [command]}]}}
    }
    assert len(read_json(document).problems) <= 51


def test_at_most_fifty_errors_and_warnings_are_reported() -> None:
    unknown = {f"x{number}": 1 for number in range(2000)}
    commands = [f"echo $p{number}" for number in range(2000)]
    steps = [{"environment": "e", "commands": commands}]
    document: dict[str, Any] = {"workflow": {"type": "serial", "specification": {"steps": steps}}, **unknown}
    reading = read_json(document)
    assert (len(reading.problems), len(reading.warnings)) == (100, 50)
    assert message(read_json({**unknown, "workflow": {}})) == "'type' is missing"


# Values that are already parsed.


def test_values_are_counted_before_they_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[int] = []
    spend = Budget.spend

    def counting(budget: Budget, **named: Any) -> None:
        spent.append(named["nodes"])
        spend(budget, **named)

    monkeypatch.setattr(Budget, "spend", counting)
    assert "more than 50000" in message(read_json([[]] * 1_000_000))
    assert spent == [1, 1_000_000]
    assert "more than 64 bits" in message(read_json(10**5000))


def test_recursive_values_are_rejected() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "more than 64 levels deep" in message(read_json(loop))
    twice: list[object] = []
    for _ in range(60):
        twice = [twice, twice]
    assert "more than 50000" in message(read_json(twice))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "infinity and not-a-number are not supported"),
        (float("-inf"), "infinity and not-a-number are not supported"),
        (10**100, "this number is too large: it has more than 64 bits"),
        (LARGEST_INTEGER + 1, "this number is too large: it has more than 64 bits"),
        ("a\0b", "text contains a NUL character"),
        ("\ud800", "text contains half a character (a lone surrogate)"),
        (b"x", "bytes is not a JSON type"),
        ((1,), "tuple is not a JSON type"),
        ({1: 2}, "keys must be text, not int"),
        ({None: 2}, "keys must be text, not NoneType"),
        ({"a\0": 2}, "text contains a NUL character"),
        ({"\udfff": 2}, "text contains half a character (a lone surrogate)"),
        ("x" * (MAX_BYTES + 1), "more than 1048576 characters of text"),
        ({"x" * (MAX_BYTES + 1): 1}, "more than 1048576 characters of text"),
    ],
    ids=range(14),
)
def test_values_that_are_not_json_are_rejected(value: object, reason: str) -> None:
    (problem,) = read_json({"inputs": {"parameters": {"x": value}}}).problems
    assert problem.path == "$.inputs.parameters.x"
    assert problem.message.startswith(reason)


@pytest.mark.parametrize("value", [LARGEST_INTEGER, -LARGEST_INTEGER, 0.5, True, None, "", "é", [], {}])
def test_json_values_are_read(value: object) -> None:
    specification = read_json({"inputs": {"parameters": {"x": value}}, "workflow": {"type": "x", "file": "y"}})
    assert specification.required().parameters() == {"x": value}
