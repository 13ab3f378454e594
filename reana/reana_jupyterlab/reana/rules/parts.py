"""Access to parts of a document that may be invalid: a part of the wrong type counts as missing."""

from collections.abc import Iterator, Mapping

from .values import Json


def mapping_at(document: Json, *path: str) -> Mapping[str, Json]:
    """Return the mapping below these keys; empty if there is none."""
    found = document
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def items_in(value: Json) -> Iterator[tuple[int, Json]]:
    """Return the items of a list with their indexes."""
    yield from enumerate(value) if isinstance(value, list) else ()


def texts_in(value: Json) -> Iterator[tuple[int, str]]:
    """Return the texts of a list with their indexes."""
    for index, item in items_in(value):
        if isinstance(item, str):
            yield index, item
