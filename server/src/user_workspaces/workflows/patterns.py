"""Globs over the files of a run's workspace."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.workspaces.files import walk_folder
from user_workspaces.workspaces.models import Workspace

LONGEST, MOST_NAMES, MOST_STARS = 4096, 100, 20
MOST_TOGETHER = 10
"""Patterns that are applied to the same files may be this many times longer in total than a single one."""


class Pattern:
    """A glob: `*`, `?` and `[...]` match within a name, `**` matches any number of folders."""

    def __init__(self, text: str) -> None:
        names = [name for name in text.split("/") if name]
        if len(text) > LONGEST or len(names) > MOST_NAMES or text.count("*") > MOST_STARS:
            raise InvalidRequest("This pattern is too long.")
        self.sizes = (len(text), len(names), text.count("*"))
        self._names = [None if name == "**" else re.compile(translate(name)) for name in names]

    def fits(self, path: str) -> bool:
        """Return whether a path, or a folder above it, matches."""
        # The set of all positions that the pattern can be at: the time is linear, without backtracking.
        positions = self._with_empty({0})
        for name in path.split("/"):
            positions = self._with_empty({reached for one in positions for reached in self._after(one, name)})
            if len(self._names) in positions:
                return True
        return False

    def _after(self, position: int, name: str) -> list[int]:
        wanted = self._names[position]
        if wanted is None:
            return [position]
        return [position + 1] if wanted.match(name) else []

    def _with_empty(self, positions: set[int]) -> set[int]:
        """Add the positions that are reached if `**` matches no folder."""
        found = set[int]()
        for position in positions:
            reached = position
            while reached not in found:
                found.add(reached)
                if reached < len(self._names) and self._names[reached] is None:
                    reached += 1
        return found


def patterns_of(texts: Iterable[str]) -> list[Pattern]:
    """Return globs for the same files; raises `InvalidRequest` if matching them would take too long."""
    patterns = [Pattern(text) for text in texts]
    most = (LONGEST, MOST_NAMES, MOST_STARS)
    for sizes, limit in zip(zip(*(one.sizes for one in patterns), strict=True), most, strict=False):
        if sum(sizes) > limit * MOST_TOGETHER:
            raise InvalidRequest("These patterns are too long in total.")
    return patterns


def files_matching(workspace: Workspace, text: str) -> list[Entry]:
    """Return the files and links that match a glob, or are below a matching folder. Links are not followed."""
    pattern = Pattern(text)
    return [one for one in all_files(workspace) if pattern.fits(one.path)]


def all_files(workspace: Workspace) -> Iterator[Entry]:
    """Yield all files and links, folder by folder."""
    return (one for one in walk_folder(workspace=workspace, path="") if one.kind is not EntryKind.DIRECTORY)
