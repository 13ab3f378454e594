"""Checks beyond the schema: paths outside the workspace, unknown parameters, keys without effect."""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from . import serial
from .findings import Finding, warning
from .parts import mapping_at, texts_in
from .problems import DocumentPath, quoted
from .values import Json

LONGEST_NAME = 255
"""Bytes of one component of a path; the limit of common file systems."""


def findings(document: Json, wrong: Collection[DocumentPath]) -> list[Finding]:
    """Return findings about all parts except those below `wrong`, the paths that the schema rejected."""
    if not isinstance(document, dict):
        return []
    found = [*_paths(document), *_without_effect(document)]
    if mapping_at(document, "workflow").get("type") == "serial":
        found += serial.findings(document, wrong)
    return [one for one in found if not any(one.path[: len(path)] == path for path in wrong)]


def _paths(document: Json) -> Iterator[Finding]:
    for part, kinds in (
        ("inputs", ("files", "directories")),
        ("outputs", ("files", "directories")),
        ("tests", ("files",)),
    ):
        for kind in kinds:
            yield from _list_of_paths(mapping_at(document, part).get(kind), (part, kind))
    file = mapping_at(document, "workflow").get("file")
    if isinstance(file, str):
        yield from _path(file, ("workflow", "file"), file=True)
    for pattern in mapping_at(document, "workspace", "retention_days"):
        path = ("workspace", "retention_days", pattern)
        yield from (Finding(path, one.message, at_key=True) for one in _path(pattern, path, file=True))


def _list_of_paths(paths: Json, here: DocumentPath) -> Iterator[Finding]:
    first: dict[PurePosixPath, int] = {}
    for index, text in texts_in(paths):
        yield from _path(text, (*here, index), file=here[-1] == "files")
        # Compared as paths: `a` and `./a` are the same file.
        earlier = first.setdefault(PurePosixPath(text), index)
        if earlier != index:
            yield warning((*here, index), f"{quoted(text)} is listed twice")


def _path(text: str, here: DocumentPath, *, file: bool) -> Iterator[Finding]:
    path = PurePosixPath(text)
    if not text.strip():
        yield Finding(here, "the path is empty")
    elif path.is_absolute():
        yield Finding(here, f"{quoted(text)} is absolute: use a path relative to the workspace")
    elif ".." in path.parts:
        yield Finding(here, f"{quoted(text)} contains '..': paths must stay inside the workspace")
    elif file and not path.parts:
        yield Finding(here, f"{quoted(text)} is not a file")
    elif any(ord(character) < ord(" ") for character in text):
        yield Finding(here, f"{quoted(text)} contains a control character")
    elif any(len(part.encode()) > LONGEST_NAME for part in path.parts):
        yield Finding(here, f"a part of {quoted(text)} is longer than {LONGEST_NAME} bytes")


def _without_effect(document: dict[str, Json]) -> Iterator[Finding]:
    if "root_path" in mapping_at(document, "workspace"):
        yield warning(
            ("workspace", "root_path"), "it has no effect here: the server chooses where runs are stored", at_key=True
        )
    for name in mapping_at(document, "workflow", "resources"):
        yield warning(("workflow", "resources", name), "it has no effect here", at_key=True)
    if "inputs" not in document:
        yield warning((), "there are no 'inputs'")
