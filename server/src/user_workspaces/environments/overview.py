"""The environment of a workspace, for its page and the API, and its lock file."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from user_workspaces.environments.bases import NamedBase, base_of
from user_workspaces.environments.discovery import read_contents, specification_files
from user_workspaces.environments.layers import interpreter_of, store
from user_workspaces.environments.models import Builder, PreparationStatus, PreparedEnvironment
from user_workspaces.environments.packages import (
    Origin,
    Package,
    effective,
    packages_in_base,
    packages_installed,
    packages_prepared,
    pythons_of,
)
from user_workspaces.environments.queries import layers_for, prepared_in
from user_workspaces.environments.specifications import LOCK_FILE
from user_workspaces.errors import InvalidRequest, UserWorkspacesError
from user_workspaces.workspaces.details import NewFile
from user_workspaces.workspaces.models import Workspace

LINES_OF_LOG = 12


@dataclass(frozen=True, slots=True)
class Python:
    """The Python of a workspace."""

    name: str
    """Of the base; empty if the server has none."""
    version: str
    """As `3.11`; empty if modules provide it, which is known only in a session."""
    modules: tuple[str, ...]
    problem: str
    """Why no environment can be prepared; empty if one can."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """The preparation that was requested, and the files that can be prepared."""

    files: tuple[str, ...]
    row: PreparedEnvironment | None
    is_changed: bool
    """True if the file has changed since it was prepared."""
    is_outdated: bool
    """True if launches ignore it, because the server's Python has changed since."""
    log: str


def python_of(workspace: Workspace) -> Python:
    """Return the Python of a workspace's base."""
    found = base_of(workspace)
    if found is None:
        return Python("", "", (), "This site has no environment to add packages to.")
    try:
        return Python(found.name, interpreter_of(found.base).version, found.base.modules, "")
    except InvalidRequest as error:
        return Python(found.name, "", found.base.modules, error.message)


def preparation_of(workspace: Workspace) -> Preparation:
    """Return the state of the preparation; raises as reading files does."""
    files, row = specification_files(workspace), prepared_in(workspace.pk)
    if row is None:
        return Preparation(files, None, is_changed=False, is_outdated=False, log="")
    lines = store().log(row.fingerprint).splitlines()[-LINES_OF_LOG:]
    is_changed, is_outdated = _is_changed(workspace, row, files), _is_outdated(row, base_of(workspace))
    return Preparation(files, row, is_changed=is_changed, is_outdated=is_outdated, log="\n".join(lines))


def _is_outdated(row: PreparedEnvironment, found: NamedBase | None) -> bool:
    is_made = row.status == PreparationStatus.READY and row.builder == Builder.SERVER
    return is_made and not (found and layers_for(workspace_id=row.pk, base=found.base))


def _is_changed(workspace: Workspace, row: PreparedEnvironment, files: Iterable[str]) -> bool:
    if row.file not in files:
        return False
    try:
        return read_contents(workspace, row.file).digest != row.digest
    except UserWorkspacesError:  # the file cannot be read now
        return False


def packages_of(workspace: Workspace, *, with_sizes: bool = False) -> list[Package]:
    """Return all packages that a job finds, sorted by name; raises as reading files does."""
    found, row = base_of(workspace), prepared_in(workspace.pk)
    version = version_of(workspace, found)
    installed = packages_installed(workspace, python=version, with_sizes=with_sizes) if version else ()
    is_used = row is not None and found is not None and layers_for(workspace_id=row.pk, base=found.base)
    prepared = packages_prepared(row.layer, file=row.layer_file) if row and is_used else ()
    return effective(installed, prepared, packages_in_base(found.base) if found else ())


def version_of(workspace: Workspace, found: NamedBase | None) -> str:
    """Return the Python version of the user's packages; empty if unknown, since no job ran or none are installed."""
    if found is not None:
        try:
            return interpreter_of(found.base).version
        except InvalidRequest:
            pass
    return max(pythons_of(workspace), key=lambda version: int(version.partition(".")[2]), default="")


def has_own_packages(packages: Iterable[Package]) -> bool:
    """Return True if there are packages beside those of the server's own environment."""
    return any(package.origin is not Origin.SITE for package in packages)


def lock_for_copies(workspace: Workspace) -> tuple[NewFile, ...]:
    """Return the lock file for a copy of a workspace; nothing without packages of its own, or if they are unreadable.

    The environment itself is not copied: it does not work at another path, and its files belong to its owner.
    """
    try:
        packages = packages_of(workspace)
        if not has_own_packages(packages):
            return ()
        return (NewFile(LOCK_FILE, lock_text(workspace, packages).encode()),)
    except UserWorkspacesError:
        return ()


def lock_text(workspace: Workspace, packages: list[Package]) -> str:
    """Return the lock: `name==version` lines, with the Python version in a comment.

    Packages from a file or a URL become comments: the index may have another package of that name.
    """
    version = version_of(workspace, base_of(workspace)) or "unknown"
    lines = [
        f"{one.name}=={one.version}\n" if one.is_of_index else f"# {one.name}=={one.version} is not of the index\n"
        for one in packages
    ]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    head = f"# {LOCK_FILE}: all packages of a workspace, for Python {version}\n# sha256 of the lines below: {digest}\n"
    return head + "".join(lines)
