"""What no schema can say: paths that leave the workspace, parameters that lead nowhere, keys without effect."""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from . import serial
from .findings import Finding, warning
from .parts import mapping_at, texts_in
from .problems import Path, shown
from .values import Json

LONGEST_NAME = 255
"""Bytes of one part of a path, on the file systems that there are."""


def findings(document: Json, wrong: Collection[Path]) -> list[Finding]:
    """Return what is wrong with the parts that have the form of a specification; `wrong`: where it has another form."""
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


def _list_of_paths(paths: Json, here: Path) -> Iterator[Finding]:
    first: dict[PurePosixPath, int] = {}
    for position, text in texts_in(paths):
        yield from _path(text, (*here, position), file=here[-1] == "files")
        earlier = first.setdefault(PurePosixPath(text), position)
        if earlier != position:
            yield warning((*here, position), f"{shown(text)} stands a second time")


def _path(text: str, here: Path, *, file: bool) -> Iterator[Finding]:
    path = PurePosixPath(text)
    if not text.strip():
        yield Finding(here, "the path is empty")
    elif path.is_absolute():
        yield Finding(here, f"{shown(text)} is absolute: write it relative to the workspace")
    elif ".." in path.parts:
        yield Finding(here, f"{shown(text)} has '..' in it: nothing outside of the workspace can be named")
    elif file and not path.parts:
        yield Finding(here, f"{shown(text)} is no file")
    elif any(ord(letter) < ord(" ") for letter in text):
        yield Finding(here, f"{shown(text)} has a control character in it")
    elif any(len(part.encode()) > LONGEST_NAME for part in path.parts):
        yield Finding(here, f"a part of {shown(text)} is longer than {LONGEST_NAME} bytes")


def _without_effect(document: dict[str, Json]) -> Iterator[Finding]:
    if "root_path" in mapping_at(document, "workspace"):
        yield warning(("workspace", "root_path"), "it has no effect here: the server says where runs are", at_key=True)
    for name in mapping_at(document, "workflow", "resources"):
        yield warning(("workflow", "resources", name), "it has no effect here", at_key=True)
    if "inputs" not in document:
        yield warning((), "there are no 'inputs'")
