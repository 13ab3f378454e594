"""Finds and reads the specifications at the top of a workspace, with the rights of its owner."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from user_workspaces.environments.models import Builder
from user_workspaces.environments.specifications import (
    ENVIRONMENT_FILES,
    LARGEST_FILE,
    LOCK_FILE,
    PYTHON_FILES,
    R_FILE,
    UV_LOCK,
    Specification,
)
from user_workspaces.environments.specifications.conda import as_requirements, read_conda_file
from user_workspaces.environments.specifications.project import FILE as PROJECT
from user_workspaces.environments.specifications.project import check_locked_project, read_project
from user_workspaces.environments.specifications.requirements import read_lock, read_requirements
from user_workspaces.environments.specifications.values import check_number
from user_workspaces.environments.uv_export import export_locked
from user_workspaces.errors import InvalidRequest, NotFound, TooLarge, UserWorkspacesError
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.workspaces.files import find_entry, open_file
from user_workspaces.workspaces.models import Workspace

NAMES = (*PYTHON_FILES, *ENVIRONMENT_FILES, R_FILE)


@dataclass(frozen=True, slots=True)
class Contents:
    """The bytes of a specification."""

    file: str
    content: bytes
    lock: bytes | None = None
    """The project's `uv.lock`, if there is one."""

    @property
    def digest(self) -> str:
        """SHA-256 of the content and the lock."""
        digest = hashlib.sha256(self.content)
        if self.lock is not None:
            digest.update(b"\0" + self.lock)
        return digest.hexdigest()


def specification_files(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of existing specifications; raises as `find_entry` does."""
    found = [(name, find_entry(workspace=workspace, path=name)) for name in NAMES]
    return tuple(name for name, entry in found if entry is not None and entry.kind is EntryKind.FILE)


def known_specification(workspace: Workspace) -> str:
    """Return the first specification, from the last measurement unless files have changed since; empty if none."""
    if workspace.measured >= workspace.changes:
        names = {entry["name"] for entry in workspace.current.get("files", ())}
        return next((name for name in NAMES if f"/{name}" in names), "")
    try:
        return next(iter(specification_files(workspace)), "")
    except UserWorkspacesError:  # the files cannot be read now; the page shows its other parts
        return ""


def read_contents(workspace: Workspace, file: str) -> Contents:
    """Read a specification; raises `NotFound`, and `InvalidRequest` for another file name."""
    if file not in NAMES:
        raise InvalidRequest(f"An environment can be prepared from {', '.join(NAMES)}.")
    content = _read(workspace, file)
    lock = None
    if file == PROJECT:
        try:
            lock = _read(workspace, UV_LOCK)
        except NotFound:
            lock = None
    return Contents(file, content, lock)


def builder_of(contents: Contents) -> Builder:
    """Return the builder; a conda file with Python packages only needs no conda."""
    if contents.file == R_FILE:
        return Builder.R
    if contents.file in ENVIRONMENT_FILES and read_conda_file(contents.file, contents.content).packages:
        return Builder.CONDA
    return Builder.SERVER


def specification_of(contents: Contents, *, python: str, present: Collection[tuple[str, str]] = ()) -> Specification:
    """Return the requirements of a file for pip; raises `InvalidRequest`.

    `python`: the version of the base, as `3.11`; `present`: the packages of the base, which a lock need not install.
    """
    if contents.file in ENVIRONMENT_FILES:
        return as_requirements(read_conda_file(contents.file, contents.content), python=python)
    if contents.file == LOCK_FILE:
        return _without(read_lock(contents.content), present)
    if contents.file != PROJECT:
        return read_requirements(contents.file, contents.content)
    if contents.lock is None:
        return read_project(contents.content, python=python)
    check_locked_project(contents.content, python=python)
    return export_locked(contents.content, contents.lock)


def _without(read: Specification, present: Collection[tuple[str, str]]) -> Specification:
    there = {f"{name}=={version}" for name, version in present}
    wanted = tuple(one for one in read.requirements if one.text.partition(" ")[0] not in there)
    if not wanted:
        raise InvalidRequest(f"The site's own environment already has all packages of {read.file}.")
    check_number(read.file, len(wanted))
    return Specification(read.file, wanted, is_complete=read.is_complete)


def _read(workspace: Workspace, path: str) -> bytes:
    with open_file(workspace=workspace, path=path).content as content:
        # One byte more shows that the file is too large, however large it is.
        data = content.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise TooLarge(f"{path} is larger than the maximum of 1 MiB.")
    return data
