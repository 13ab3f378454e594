"""Check values that were parsed already, as in the body of a request: JSON types, finite numbers, limited size."""

from collections.abc import Iterator
from typing import cast

from .limits import Budget, check_depth, scalar_problem, text_problem
from .problems import DocumentPath, SpecificationError
from .values import Json


def checked(value: object) -> Json:
    """Return the value if it is JSON within the limits; raises `SpecificationError`."""
    budget = Budget()
    budget.spend(nodes=1, characters=0, path=(), position=None)
    # A stack instead of recursion: depth is checked here, and not by Python's recursion limit.
    waiting: list[tuple[DocumentPath, object]] = [((), value)]
    while waiting:
        path, current = waiting.pop()
        check_depth(len(path), path=path, position=None)
        if isinstance(current, dict | list):
            # Counted before they are put on the stack, so that the stack stays small as well.
            nodes = len(current) * (2 if isinstance(current, dict) else 1)
            budget.spend(nodes=nodes, characters=_characters_of_keys(current, path), path=path, position=None)
            waiting.extend(reversed(list(_children(current, path))))
        elif reason := scalar_problem(current):
            raise SpecificationError(reason, path=path)
        elif isinstance(current, str):
            budget.spend(nodes=0, characters=len(current), path=path, position=None)
    return cast("Json", value)


def _children(value: dict[object, object] | list[object], path: DocumentPath) -> Iterator[tuple[DocumentPath, object]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield (*path, index), item
        return
    for key, item in value.items():
        yield (*path, cast("str", key)), item


def _characters_of_keys(value: dict[object, object] | list[object], path: DocumentPath) -> int:
    if isinstance(value, list):
        return 0
    for key in value:
        if not isinstance(key, str):
            raise SpecificationError(f"keys must be text, not {type(key).__name__}", path=path)
        if reason := text_problem(key):
            raise SpecificationError(reason, path=path)
    return sum(len(cast("str", key)) for key in value)
