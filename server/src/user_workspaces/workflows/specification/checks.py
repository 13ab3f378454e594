"""What no schema can say: paths that leave the workspace, parameters that lead nowhere, keys without effect."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from user_workspaces.workflows.specification import serial
from user_workspaces.workflows.specification.findings import Finding, warning
from user_workspaces.workflows.specification.problems import Path, shown

LONGEST_NAME = 255
"""Bytes of one part of a path, on the file systems that there are."""


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with a document that has the form of a specification."""
    found = [*_paths(document), *_without_effect(document)]
    if document["workflow"]["type"] == "serial":
        found += serial.findings(document)
    return found


def _paths(document: Mapping[str, Any]) -> Iterator[Finding]:
    for part, kinds in (
        ("inputs", ("files", "directories")),
        ("outputs", ("files", "directories")),
        ("tests", ("files",)),
    ):
        for kind in kinds:
            yield from _list_of_paths(document.get(part, {}).get(kind, []), (part, kind))
    file = document["workflow"].get("file")
    if file is not None:
        yield from _path(file, ("workflow", "file"), file=True)
    for pattern in document.get("workspace", {}).get("retention_days", {}):
        path = ("workspace", "retention_days", pattern)
        yield from (Finding(path, one.message, at_key=True) for one in _path(pattern, path, file=True))


def _list_of_paths(paths: list[str], here: Path) -> Iterator[Finding]:
    first: dict[PurePosixPath, int] = {}
    for position, text in enumerate(paths):
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


def _without_effect(document: Mapping[str, Any]) -> Iterator[Finding]:
    if "root_path" in document.get("workspace", {}):
        yield warning(("workspace", "root_path"), "it has no effect here: the server says where runs are", at_key=True)
    for name in document["workflow"].get("resources", {}):
        yield warning(("workflow", "resources", name), "it has no effect here", at_key=True)
    if "inputs" not in document:
        yield warning((), "there are no 'inputs'")
