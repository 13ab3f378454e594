"""Selects the steps to run by the operational options FROM and TARGET, and names them."""

from collections.abc import Mapping, Sequence

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.workflow_specification import Json

OPTIONS = frozenset({"CACHE", "FROM", "TARGET"})
SWITCHES = ("on", "off")
LONGEST_SHOWN = 60
MOST_NAMED = 20


def unique_names(names: Sequence[str]) -> list[str]:
    """Return a name for each step: its own, `step-3` for the third when it has none, `fit-2` for a second `fit`."""
    taken = set(names)
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    result: list[str] = []
    for position, name in enumerate(names, start=1):
        wanted = name or f"step-{position}"
        # A name of the user is kept at its first use; a generated one must also differ from names of later steps.
        if wanted in (seen if name else taken):
            wanted = _numbered(wanted, taken, numbers)
        seen.add(wanted)
        taken.add(wanted)
        result.append(wanted)
    return result


def _numbered(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    number = numbers.get(name, 1) + 1
    while f"{name}-{number}" in taken:
        number += 1
    # Remembered, because counting from 2 again for each step of the same name would be quadratic.
    numbers[name] = number
    return f"{name}-{number}"


def chosen(names: Sequence[str], options: Mapping[str, Json]) -> slice:
    """Return the part of the steps that runs, both ends included; raises `InvalidRequest`.

    CACHE is accepted and has no effect: results of earlier runs are never reused.
    """
    for option in options:
        if option not in OPTIONS:
            raise InvalidRequest(
                f"{_shown(option)} is not an operational option of serial workflows: {', '.join(sorted(OPTIONS))}."
            )
    cache = options.get("CACHE", "on")
    if not isinstance(cache, bool) and str(cache).lower() not in SWITCHES:
        raise InvalidRequest("The operational option CACHE must be on or off.")
    first = _position(names, "FROM", options["FROM"]) if "FROM" in options else 0
    last = _position(names, "TARGET", options["TARGET"]) if "TARGET" in options else len(names) - 1
    if first > last:
        raise InvalidRequest(
            f"FROM {_shown(names[first])} comes after TARGET {_shown(names[last])}, so no step would run."
        )
    return slice(first, last + 1)


def _position(names: Sequence[str], option: str, value: Json) -> int:
    if isinstance(value, str) and value in names:
        return names.index(value)
    known = ", ".join(names[:MOST_NAMED])
    raise InvalidRequest(f"The operational option {option} must name a step ({known}), not {_shown(value)}.")


def _shown(value: Json) -> str:
    return repr(value[:LONGEST_SHOWN]) if isinstance(value, str) else type(value).__name__
