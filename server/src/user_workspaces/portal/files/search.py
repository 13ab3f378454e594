"""Searches the names of a workspace's files as they were measured last: pure, for lists of ten thousand."""

from collections.abc import Iterable, Mapping


def find_names(current: Mapping[str, Iterable[Mapping[str, str]]], *, folder: str, search: str) -> tuple[str, ...]:
    """Return the paths below a folder whose rest holds `search`, in whatever case, sorted.

    `current` is `{"files": [{"name": "/a/b.txt"}], "symlinks": [...]}`.
    """
    below = f"{folder}/" if folder else ""
    names = (entry["name"].lstrip("/") for kind in ("files", "symlinks") for entry in current.get(kind, ()))
    wanted = search.lower()
    found = (name for name in names if name.startswith(below) and wanted in name[len(below) :].lower())
    return tuple(sorted(found, key=str.lower))
