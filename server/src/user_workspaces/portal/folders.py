"""A flat list of names as folders that one can walk: pure, for lists of ten thousand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and how many files are in it, at any depth."""

    name: str
    path: str
    files: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file, or a link to a dataset."""

    name: str
    path: str
    is_dataset: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What is directly in one folder, and the way back up."""

    path: str
    trail: tuple[Folder, ...]
    folders: tuple[Folder, ...]
    leaves: tuple[Leaf, ...]


def list_folder(current: Mapping[str, Iterable[Mapping[str, str]]], *, folder: str, search: str = "") -> Listing:
    """List a folder of a workspace, or all names below it that hold `search`.

    `current` is `{"files": [{"name": "/a/b.txt"}], "symlinks": [...]}` as it was measured.
    """
    path = "/".join(part for part in folder.split("/") if part not in {"", ".", ".."})
    below = f"{path}/" if path else ""
    leaves = [
        Leaf(name[len(below) :], name, kind == "symlinks")
        for kind in ("files", "symlinks")
        for name in (entry["name"].lstrip("/") for entry in current.get(kind, ()))
        if name.startswith(below)
    ]
    if search:
        found = [leaf for leaf in leaves if search.lower() in leaf.name.lower()]
        return Listing(path, _trail(path), (), tuple(sorted(found, key=_by_name)))
    counts: dict[str, int] = {}
    for leaf in leaves:
        inner, slash, _ = leaf.name.partition("/")
        if slash:
            counts[inner] = counts.get(inner, 0) + 1
    folders = tuple(Folder(name, below + name, counts[name]) for name in sorted(counts, key=str.lower))
    here = sorted((leaf for leaf in leaves if "/" not in leaf.name), key=_by_name)
    return Listing(path, _trail(path), folders, tuple(here))


def _by_name(leaf: Leaf) -> str:
    return leaf.name.lower()


def _trail(path: str) -> tuple[Folder, ...]:
    parts = path.split("/") if path else []
    return tuple(Folder(name, "/".join(parts[: depth + 1]), 0) for depth, name in enumerate(parts))
