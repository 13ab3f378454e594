"""Parts of a document that may be wrong: what is not of the wanted kind counts as not there."""

from collections.abc import Iterator, Mapping

from .values import Json


def mapping_at(document: Json, *path: str) -> Mapping[str, Json]:
    """Return the mapping at the end of the keys; empty where there is none."""
    found = document
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def items_in(value: Json) -> Iterator[tuple[int, Json]]:
    """Return the items of a list with their positions."""
    yield from enumerate(value) if isinstance(value, list) else ()


def texts_in(value: Json) -> Iterator[tuple[int, str]]:
    """Return the texts of a list with their positions."""
    for position, item in items_in(value):
        if isinstance(item, str):
            yield position, item
