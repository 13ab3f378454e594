"""Collects the input files of a run, without those that `.reanaignore` and `.gitignore` match.

Excludes the environment of a workspace, a folder of thousands of files that are specific to this machine.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pathspec

from .errors import BadRequest, NotFound, ReanaError
from .rooted import Root, parts_of
from .specification import Specification

IGNORE_FILES = (".gitignore", ".reanaignore")
ENVIRONMENT = ".environment"
"""The folder with packages that a user installed in a workspace."""
IGNORE_SIZE_LIMIT = 256 * 1024
MAX_FILES = 100_000
DEPTH_LIMIT = 32


@dataclass(frozen=True)
class InputFile:
    """A file to upload: `local` is below the root, `remote` below the run's workspace; size in bytes."""

    local: str
    remote: str
    size: int


def input_files(root: Root, folder: str, specification: Specification) -> list[InputFile]:
    """Return the inputs of a specification in `folder`. Raises `BadRequest` if one is missing."""
    ignored = ignore_patterns(root, folder)
    found: dict[str, InputFile] = {}
    # A file that is named itself counts even if a pattern ignores it.
    for name in _named_files(specification):
        if ENVIRONMENT in parts_of(name):
            continue
        file = _file(root, folder, name)
        found[file.remote] = file
    for name in specification.inputs("directories"):
        if ENVIRONMENT in parts_of(name):
            continue
        for file in _tree(root, folder, "/".join(parts_of(name)), ignored, depth=0):
            found.setdefault(file.remote, file)
            # Checked in the loop: the list must not grow without limit.
            if len(found) > MAX_FILES:
                raise BadRequest(f"The inputs contain more than {MAX_FILES} files.")
    return list(found.values())


def ignore_patterns(root: Root, folder: str) -> pathspec.GitIgnoreSpec:
    """Read the ignore patterns next to the specification; REANA's come last and can override git's."""
    lines: list[str] = []
    for name in IGNORE_FILES:
        try:
            lines += root.read_text(join(folder, name), limit=IGNORE_SIZE_LIMIT).splitlines()
        except NotFound:
            continue
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise BadRequest(f"Invalid pattern in {' or '.join(IGNORE_FILES)}: {error}") from error


def join(folder: str, name: str) -> str:
    """Return the path of a name in a folder; the folder '' is the root."""
    return f"{folder}/{name}" if folder else name


def _named_files(specification: Specification) -> Iterator[str]:
    yield from specification.inputs("files")
    if specification.source:
        yield specification.source


def _file(root: Root, folder: str, name: str) -> InputFile:
    remote = "/".join(parts_of(name))
    local = join(folder, remote)
    try:
        with root.reading(local) as descriptor:
            return InputFile(local, remote, os.fstat(descriptor).st_size)
    except NotFound as error:
        raise BadRequest(f"The input file '{name}' does not exist.") from error


def _tree(root: Root, folder: str, name: str, ignored: pathspec.GitIgnoreSpec, *, depth: int) -> Iterator[InputFile]:
    if depth > DEPTH_LIMIT:
        raise BadRequest(f"The directory '{name}' is nested too deeply or contains itself.")
    try:
        entries = sorted(root.entries(join(folder, name)), key=lambda entry: entry.name)
    except NotFound as error:
        raise BadRequest(f"The input directory '{name}' does not exist.") from error
    for entry in entries:
        remote = join(name, entry.name)
        is_folder = entry.kind == "directory"
        # Patterns such as `build/` match only names that end in a slash.
        if entry.name == ENVIRONMENT or ignored.match_file(f"{remote}/" if is_folder else remote):
            continue
        if is_folder:
            yield from _tree(root, folder, remote, ignored, depth=depth + 1)
        else:
            yield _size_known(root, InputFile(join(folder, remote), remote, entry.size))


def _size_known(root: Root, file: InputFile) -> InputFile:
    # The size of a link is not that of its target.
    if file.size:
        return file
    try:
        with root.reading(file.local) as descriptor:
            return InputFile(file.local, file.remote, os.fstat(descriptor).st_size)
    except ReanaError:
        # The upload opens the file again and reports the error.
        return file
