"""What an answer is held against: plain values, types, patterns; an object may always hold more than is asked for.

In a text, `{name}` stands for something that was remembered before; `Known(name)` stands for it in its own type.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NAMED = re.compile(r"\{(\w+)\}")
Memory = Mapping[str, Any]


class NotRememberedError(Exception):
    """A row speaks of something that nothing before it has remembered; its name is the argument."""


@dataclass(frozen=True)
class Known:
    """What was remembered under this name."""

    name: str


@dataclass(frozen=True)
class Matching:
    """A text in which this regular expression is found."""

    expression: str


@dataclass(frozen=True, init=False)
class OneOf:
    """Any of these."""

    patterns: tuple[object, ...]

    def __init__(self, *patterns: object) -> None:
        object.__setattr__(self, "patterns", patterns)


@dataclass(frozen=True)
class Every:
    """A list of nothing else, or an object whose values are nothing else."""

    pattern: object


@dataclass(frozen=True)
class Some:
    """A list with at least one of these."""

    pattern: object


@dataclass(frozen=True)
class Lacking:
    """A list without any of these, or an object without this key."""

    pattern: object


@dataclass(frozen=True)
class Exactly:
    """An object with these keys and no others."""

    fields: Mapping[str, object]


@dataclass(frozen=True)
class Time:
    """ISO 8601 in UTC, with its offset."""


@dataclass(frozen=True)
class Anything:
    """There, whatever it is."""


TIME, ANYTHING = Time(), Anything()
TIME_OR_NONE = OneOf(TIME, None)
NUMBER = OneOf(int, float)


def filled(value: Any, memory: Memory) -> Any:
    """Return the value with what was remembered in its place; raises `NotRememberedError`."""
    if isinstance(value, str):
        return NAMED.sub(lambda match: str(_recall(match[1], memory)), value)
    if isinstance(value, Known):
        return _recall(value.name, memory)
    if isinstance(value, Mapping):
        return {filled(name, memory): filled(one, memory) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(filled(one, memory) for one in value)
    return value


def _recall(name: str, memory: Memory) -> Any:
    if name not in memory:
        raise NotRememberedError(name)
    return memory[name]


def differences(expected: object, found: Any, memory: Memory, place: str = "answer") -> Iterator[str]:
    """Say where the answer is not as expected; nothing: it is."""
    match expected:
        case Anything():
            return
        case type():
            fits = isinstance(found, expected) and not (expected is not bool and isinstance(found, bool))
            yield from _unless(fits, place, expected.__name__, found)
        case Mapping() | Exactly():
            yield from _fields(expected, found, memory, place)
        case list():
            yield from _elements(expected, found, memory, place)
        case Every() | Some() | Lacking():
            yield from _collection(expected, found, memory, place)
        case _:
            yield from _unless(_is(expected, found, memory, place), place, _told(expected, memory), found)


def _is(expected: object, found: Any, memory: Memory, place: str) -> bool:
    match expected:
        case Matching(expression):
            return isinstance(found, str) and re.search(_expression(expression, memory), found) is not None
        case OneOf(patterns):
            return any(not list(differences(pattern, found, memory, place)) for pattern in patterns)
        case Time():
            return _is_utc(found)
    value = filled(expected, memory)
    return type(value) is type(found) and bool(value == found)


def _expression(expression: str, memory: Memory) -> str:
    return NAMED.sub(
        lambda match: match[0] if match[1].isdigit() else re.escape(str(filled(match[0], memory))), expression
    )


def _told(expected: object, memory: Memory) -> str:
    return repr(filled(expected, memory)) if isinstance(expected, str | Known) else repr(expected)


def _unless(fits: bool, place: str, expected: str, found: object) -> Iterator[str]:  # noqa: FBT001  it reads as a sentence
    if not fits:
        yield f"{place}: expected {expected}, found {found!r}"


def _fields(expected: Mapping[Any, object] | Exactly, found: Any, memory: Memory, place: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{place}: expected an object, found {found!r}"
        return
    fields = expected.fields if isinstance(expected, Exactly) else expected
    wanted = {filled(name, memory): pattern for name, pattern in fields.items()}
    for name, pattern in wanted.items():
        if name not in found:
            yield f"{place}: has no {name!r}, only {sorted(found)}"
        else:
            yield from differences(pattern, found[name], memory, f"{place}.{name}")
    if isinstance(expected, Exactly) and found.keys() - wanted.keys():
        yield f"{place}: has {sorted(found.keys() - wanted.keys())} besides"


def _elements(expected: list[Any], found: Any, memory: Memory, place: str) -> Iterator[str]:
    if not isinstance(found, list) or len(found) != len(expected):
        yield f"{place}: expected a list of {len(expected)}, found {found!r}"
        return
    for number, (pattern, one) in enumerate(zip(expected, found, strict=True)):
        yield from differences(pattern, one, memory, f"{place}[{number}]")


def _collection(expected: Every | Some | Lacking, found: Any, memory: Memory, place: str) -> Iterator[str]:
    if isinstance(expected, Lacking) and isinstance(found, dict):
        name = filled(expected.pattern, memory)
        yield from _unless(name not in found, place, f"no {name!r}", found)
        return
    ones = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(ones, list):
        yield f"{place}: expected a list, found {found!r}"
        return
    unlike = [list(differences(expected.pattern, one, memory, place)) for one in ones]
    match expected:
        case Every():
            yield from (problem for problems in unlike for problem in problems)
        case Some():
            yield from _unless(not all(unlike), place, f"one like {expected.pattern!r}", found)
        case Lacking():
            yield from _unless(all(unlike), place, f"none like {expected.pattern!r}", found)


def _is_utc(found: object) -> bool:
    try:
        return isinstance(found, str) and datetime.fromisoformat(found).utcoffset() == timedelta()
    except ValueError:
        return False
