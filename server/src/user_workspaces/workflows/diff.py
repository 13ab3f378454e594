"""Compare two runs: their specifications, and the files of their workspaces.

Bounded in size and time, because it runs in a request: a slow comparison would occupy a worker thread.
"""

import difflib
import hashlib
import json
import time
from collections.abc import Iterator

import yaml

from user_workspaces.errors import UserWorkspacesError
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.files import open_file, walk_folder
from user_workspaces.workspaces.models import Workspace

SECTIONS = ("version", "inputs", "outputs", "workflow")
MOST_FILES = 10_000
LARGEST_FILE = 1 << 20
"""Bytes. Of larger files the result only says that they differ."""
MOST_LINES = 20_000
MOST_COMPARED = 10_000
"""Lines of a file that are compared one by one; the time grows with their square."""
LONGEST_SECONDS = 20.0
"""The time for reading files; then the rest is omitted."""
LEFT_OUT = "[... the rest is omitted ...]"
LONGEST_LINE = 2_000
PIECE = 1 << 18


def specification_differences(first: Run, second: Run, *, context: int) -> dict[str, list[str]]:
    """Return the unified diff of each section; an empty list for equal sections."""
    one, other = (_sections(run) for run in (first, second))
    return {
        section: [
            _on_one_line(line)
            for line in _compared(
                one[section],
                other[section],
                names=(f"{first.full_name}/{section}", f"{second.full_name}/{section}"),
                context=context,
            )
        ]
        for section in SECTIONS
    }


def _compared(one: list[str], other: list[str], *, names: tuple[str, str], context: int) -> Iterator[str]:
    if one != other and max(len(one), len(other)) > MOST_COMPARED:
        yield f"Files {names[0]} and {names[1]} differ"
    else:
        yield from difflib.unified_diff(one, other, *names, n=context, lineterm="")


def _sections(run: Run) -> dict[str, list[str]]:
    document = json.loads(run.specification)
    inputs = document.get("inputs") or {}
    if run.parameters:
        document["inputs"] = {**inputs, "parameters": {**(inputs.get("parameters") or {}), **run.parameters}}
    return {section: _lines(document.get(section)) for section in SECTIONS}


def _lines(part: object) -> list[str]:
    return written_as_yaml(part, sort_keys=True).splitlines() if part is not None else []


def written_as_yaml(part: object, *, sort_keys: bool) -> str:
    """Return a part of a specification as YAML. Uses libyaml if available, because the part may be a megabyte."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(
        part, Dumper=dumper, default_flow_style=False, sort_keys=sort_keys, allow_unicode=True, width=100
    )
    return text


def workspace_differences(
    first: Workspace,
    second: Workspace,
    *,
    brief: bool,
    context: int,
    seconds: float = LONGEST_SECONDS,
    names: tuple[str, str] | None = None,
) -> str:
    """Return the differences of two workspaces as lines; empty if there are none. Stops after `seconds`.

    `names` are shown for the workspaces; by default their own names, which their owner may have changed.
    """
    if first.pk == second.pk:
        return ""
    lines, deadline = list[str](), time.monotonic() + seconds
    shown_names = names or (first.name, second.name)
    try:
        for line in _compare(first, second, shown_names, brief=brief, context=context, deadline=deadline):
            lines.append(_on_one_line(line))
            if len(lines) >= MOST_LINES:
                lines.append(LEFT_OUT)
                break
    except TimeoutError:
        lines.append(LEFT_OUT)
    return "\n".join(lines)


def _compare(
    first: Workspace, second: Workspace, names: tuple[str, str], *, brief: bool, context: int, deadline: float
) -> Iterator[str]:
    first_files, second_files = _files(first), _files(second)
    for path in sorted({*first_files, *second_files}):
        _check_deadline(deadline)
        if path not in first_files or path not in second_files:
            yield f"Only in {names[0] if path in first_files else names[1]}: {path}"
        elif _differ(first, second, first_files[path], second_files[path], deadline=deadline):
            if brief or max(first_files[path].size, second_files[path].size) > LARGEST_FILE:
                yield f"Files {names[0]}/{path} and {names[1]}/{path} differ"
            else:
                yield from _unified(
                    first, second, path, names=(f"{names[0]}/{path}", f"{names[1]}/{path}"), context=context
                )


def _files(workspace: Workspace) -> dict[str, Entry]:
    found = dict[str, Entry]()
    for entry in walk_folder(workspace=workspace, path=""):
        if entry.kind is EntryKind.FILE:
            found[entry.path] = entry
            if len(found) >= MOST_FILES:
                break
    return found


def _differ(first: Workspace, second: Workspace, one: Entry, other: Entry, *, deadline: float) -> bool:
    if one.size != other.size:
        return True
    # Hashes instead of contents: each file is read once, in pieces, however large it is.
    return _digest(first, one.path, deadline=deadline) != _digest(second, other.path, deadline=deadline)


def _check_deadline(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError


def _digest(workspace: Workspace, path: str, *, deadline: float) -> bytes:
    digest = hashlib.sha256()
    try:
        with open_file(workspace=workspace, path=path).content as content:
            while piece := content.read(PIECE):
                _check_deadline(deadline)
                digest.update(piece)
    # TimeoutError is an OSError: without this clause the deadline would look like an unreadable file.
    except TimeoutError:
        raise
    except (UserWorkspacesError, OSError):
        return b""
    return digest.digest()


def _unified(first: Workspace, second: Workspace, path: str, *, names: tuple[str, str], context: int) -> Iterator[str]:
    one, other = _text(first, path), _text(second, path)
    if one is None or other is None:
        yield f"Binary files {names[0]} and {names[1]} differ"
        return
    yield from _compared(one, other, names=names, context=context)


def _text(workspace: Workspace, path: str) -> list[str] | None:
    try:
        with open_file(workspace=workspace, path=path).content as content:
            data = content.read(LARGEST_FILE)
        # A NUL byte marks a binary file, as for Git and diff.
        return None if b"\0" in data else data.decode().removesuffix("\n").split("\n")
    except (UserWorkspacesError, OSError, UnicodeDecodeError):
        return None


def _on_one_line(line: str) -> str:
    """Return a line without characters that clients could take for line breaks; never empty."""
    shown = "".join(one if one.isprintable() or one == "\t" else "\N{REPLACEMENT CHARACTER}" for one in line)
    return shown[:LONGEST_LINE] or " "
