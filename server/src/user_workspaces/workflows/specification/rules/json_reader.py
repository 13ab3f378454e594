"""From values that somebody else parsed (the body of a request) to values that are checked: finite, small, JSON."""

from collections.abc import Iterator
from typing import cast

from .limits import Budget, refuse_depth, why_no_scalar, why_no_text
from .problems import Path, Refusal
from .values import Json


def checked(value: object) -> Json:
    """Return the same value when it is JSON within the limits; raises `Refusal`. Needs no recursion."""
    budget = Budget()
    budget.spend(nodes=1, letters=0, path=(), location=None)
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, current = waiting.pop()
        refuse_depth(len(path), path=path, location=None)
        if isinstance(current, dict | list):
            # Counted before they are put on the stack.
            nodes = len(current) * (2 if isinstance(current, dict) else 1)
            budget.spend(nodes=nodes, letters=_letters_of_keys(current, path), path=path, location=None)
            waiting.extend(reversed(list(_children(current, path))))
        elif reason := why_no_scalar(current):
            raise Refusal(reason, path=path)
        elif isinstance(current, str):
            budget.spend(nodes=0, letters=len(current), path=path, location=None)
    return cast("Json", value)


def _children(value: dict[object, object] | list[object], path: Path) -> Iterator[tuple[Path, object]]:
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield (*path, position), item
        return
    for key, item in value.items():
        yield (*path, cast("str", key)), item


def _letters_of_keys(value: dict[object, object] | list[object], path: Path) -> int:
    if isinstance(value, list):
        return 0
    for key in value:
        if not isinstance(key, str):
            raise Refusal(f"a key is no text, but {type(key).__name__}", path=path)
        if reason := why_no_text(key):
            raise Refusal(reason, path=path)
    return sum(len(cast("str", key)) for key in value)
