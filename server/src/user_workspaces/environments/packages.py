"""The packages of an environment: those of the base, prepared ones, and those that the user installed."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from user_workspaces.environments.layers import installed_in
from user_workspaces.errors import NotFound, StorageError, UserWorkspacesError
from user_workspaces.interfaces.environment import BASE, BUILD_LOCK, FOLDER, OF_R, Base
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.workspaces.files import find_entry, list_folder, open_file, walk_folder
from user_workspaces.workspaces.models import Workspace

OVERLAYS = f"{FOLDER}/{BASE}"
DIST_INFO = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([A-Za-z0-9][A-Za-z0-9._+!]*)\.dist-info")
MAX_FOLDER_NAME = 200
MAX_ENTRIES = 20_000
"""Entries that are read from the user's package folder."""
MOST_PACKAGES = 2_000
MOST_READ = 16 << 20
"""Bytes of all `RECORD` files: reading them takes about a second."""
LARGEST_RECORD = 1 << 20
MOST_WALKED = 100_000
MOST_PYTHONS = 10
MOST_VERSIONS_OF_R = 20
MOST_DIGITS = 15
LARGEST_SIZE = 2**63 - 1
"""The largest integer of database columns; a sparse file can claim any size."""


class Origin(StrEnum):
    """The origin of a package."""

    SITE = "site"
    PREPARED = "prepared"
    INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class Package:
    """One package of an environment."""

    name: str
    """Normalized as in the index: lower case, with hyphens."""
    version: str
    origin: Origin
    size: int | None = None
    """Bytes, as the package declares; None if unknown."""
    file: str = ""
    """The specification that a prepared package comes from."""
    is_of_index: bool = True
    """False for a package that was installed from a file or a URL."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of the user's own environment."""

    files: int
    size: int
    is_more: bool
    """True if counting stopped at the limit."""


def packages_in_base(base: Base) -> tuple[Package, ...]:
    """Return the packages of a base; empty if modules provide them, or if the base is not built yet."""
    if base.folder is None:
        return ()
    folder = next(iter(base.folder.glob("lib/python3.*/site-packages")), None)
    return _packages_below(folder, folder.stat().st_mtime_ns) if folder else ()


# `_modified` is a part of the key: the folder changes when a package is installed or removed.
@lru_cache(maxsize=16)
def _packages_below(folder: Path, _modified: int) -> tuple[Package, ...]:
    found = ((path, _read_name(path.name)) for path in sorted(folder.glob("*.dist-info")))
    return tuple(
        Package(name=read[0], version=read[1], origin=Origin.SITE, is_of_index=not (path / "direct_url.json").exists())
        for path, read in found
        if read
    )


def packages_prepared(fingerprint: str, *, file: str) -> tuple[Package, ...]:
    """Return the packages of a prepared environment; `file`: its specification."""
    return tuple(Package(name, version, Origin.PREPARED, file=file) for name, version in installed_in(fingerprint))


def packages_installed(workspace: Workspace, *, python: str, with_sizes: bool = False) -> tuple[Package, ...]:
    """Return the packages that the user installed for this version of Python (as `3.11`).

    Names and sizes come from the user's files, so they are untrusted and bounded. Sizes cost reading one file for each
    package.
    """
    packages, left = list[Package](), MOST_READ
    for folder, package in _named(workspace, python):
        size, read = _recorded_size(workspace, f"{folder}/RECORD") if with_sizes and left > 0 else (None, 0)
        left -= read
        packages.append(replace(package, size=size, is_of_index=_is_of_index(workspace, folder)))
    return tuple(packages)


def _is_of_index(workspace: Workspace, folder: str) -> bool:
    try:
        # Installers write this file for a package from a URL, a folder or a repository (PEP 610).
        return find_entry(workspace=workspace, path=f"{folder}/direct_url.json") is None
    except StorageError:  # the owner has closed the folder; unknown packages are not pinned
        return False


def names_installed(workspace: Workspace, *, python: str) -> tuple[str, ...]:
    """Return the names of the packages that the user installed for this version of Python; opens no files."""
    return tuple(package.name for _, package in _named(workspace, python))


def _named(workspace: Workspace, python: str) -> list[tuple[str, Package]]:
    folder = f"{OVERLAYS}/python{python}/lib/python{python}/site-packages"
    try:
        listed = list_folder(workspace=workspace, path=folder, limit=MAX_ENTRIES).entries
    except NotFound:
        return []
    folders = [entry.path for entry in listed if entry.kind is EntryKind.DIRECTORY]
    read = ((path, _read_name(path.rpartition("/")[2])) for path in folders)
    return [(path, Package(*found, Origin.INSTALLED)) for path, found in read if found][:MOST_PACKAGES]


def pythons_of(workspace: Workspace) -> tuple[str, ...]:
    """Return the Python versions of the user's environments, as `3.11`."""
    try:
        found = list_folder(workspace=workspace, path=OVERLAYS, limit=100).entries
    except NotFound:
        return ()
    names = (re.fullmatch(r"python(3\.\d{1,3})", entry.path.rpartition("/")[2]) for entry in found)
    return tuple(name[1] for name in names if name)[:MOST_PYTHONS]


def extent_of(workspace: Workspace) -> Extent:
    """Return the size of the user's own environment."""
    files, size, number = 0, 0, 0
    try:
        for number, entry in enumerate(walk_folder(workspace=workspace, path=FOLDER), start=1):
            if number > MOST_WALKED:
                break
            if entry.kind is EntryKind.FILE and entry.path != f"{FOLDER}/{BUILD_LOCK}":
                files, size = files + 1, size + entry.size
    except UserWorkspacesError:  # it does not exist, or cannot be read
        return Extent(files, min(size, LARGEST_SIZE), is_more=False)
    return Extent(files, min(size, LARGEST_SIZE), is_more=number > MOST_WALKED)


def libraries_of(workspace: Workspace) -> tuple[str, ...]:
    """Return other parts of the user's environment as text: packages of R, a conda environment."""
    found = list[str]()
    versions = [name for name in _names(workspace, f"{FOLDER}/{OF_R}") if re.fullmatch(r"\d{1,2}\.\d{1,2}", name)]
    for version in versions[:MOST_VERSIONS_OF_R]:
        if packages := _names(workspace, f"{FOLDER}/{OF_R}/{version}"):
            found.append(f"R {version} with {len(packages)} package{'s' * (len(packages) != 1)}")
    if "conda" in _names(workspace, FOLDER):
        found.append("a conda environment")
    return tuple(found)


def _names(workspace: Workspace, folder: str) -> list[str]:
    try:
        listed = list_folder(workspace=workspace, path=folder, limit=MAX_ENTRIES, hidden=False).entries
    except NotFound:
        return []
    return [entry.path.rpartition("/")[2] for entry in listed]


def effective(*layers: tuple[Package, ...]) -> list[Package]:
    """Return the packages that a job finds, sorted by name; the first layer with a package takes precedence."""
    found = dict[str, Package]()
    for layer in layers:
        for package in layer:
            found.setdefault(package.name, package)
    return [found[name] for name in sorted(found)]


def _read_name(folder: str) -> tuple[str, str] | None:
    """Return name and version from the name of a `*.dist-info` folder."""
    found = DIST_INFO.fullmatch(folder) if len(folder) <= MAX_FOLDER_NAME else None
    return (re.sub("[-_.]+", "-", found[1]).lower(), found[2]) if found else None


def _recorded_size(workspace: Workspace, path: str) -> tuple[int | None, int]:
    """Return the size of a package from its RECORD, and the number of bytes that were read."""
    try:
        with open_file(workspace=workspace, path=path).content as content:
            text = content.read(LARGEST_RECORD + 1)
    except UserWorkspacesError:
        return None, 0
    if len(text) > LARGEST_RECORD:
        return None, len(text)
    try:
        size = sum(_sizes(text.decode(errors="replace")))
    except csv.Error:
        return None, len(text)
    return (size if size <= LARGEST_SIZE else None), len(text)


def _sizes(record: str) -> Iterator[int]:
    """Yield the sizes in a RECORD, whose lines are `path,hash,size`."""
    for row in csv.reader(record.splitlines()):
        # `isdigit` is also true for superscripts, which `int` rejects, and `int` rejects more than 4300 digits.
        if len(row) > 2 and row[2].isascii() and row[2].isdigit() and len(row[2]) <= MOST_DIGITS:  # noqa: PLR2004
            yield int(row[2])
