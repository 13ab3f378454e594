"""Paths and globs in the workspace of a run."""

import re
from collections.abc import Iterator
from fnmatch import translate

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.transfers.names import file_path
from user_workspaces.workspaces.files import walk_folder
from user_workspaces.workspaces.models import Workspace

GLOB = re.compile(r"[*?\[]")
LONGEST = 4096


def path_of(raw: str) -> str:
    """Return a path below the workspace; raises `InvalidRequest` for one that leaves it."""
    if ".." in raw.replace("\\", "/").split("/"):
        raise InvalidRequest("'..' is not a valid path component")
    return file_path(raw)


def is_glob(path: str) -> bool:
    """Return whether a path can stand for several."""
    return GLOB.search(path) is not None


def matcher(pattern: str) -> "re.Pattern[str]":
    """Return what tells whether a path fits a glob: `*` stops at a slash, `**` does not."""
    if len(pattern) > LONGEST or pattern.count("*") > 20:  # noqa: PLR2004  more stars take longer than they tell
        raise InvalidRequest("This pattern is too long.")
    parts = [".*" if part == "**" else _within_a_name(part) for part in pattern.strip("/").split("/")]
    return re.compile("/".join(parts).replace(".*/", "(?:.*/)?"), re.DOTALL)


def _within_a_name(part: str) -> str:
    inner = translate(part).removeprefix("(?s:").removesuffix(r")\Z")
    return inner.replace(".*", "[^/]*").replace("(?>[^/]*?", "(?>[^/]*?") if "*" in part else inner


def files_matching(workspace: Workspace, pattern: str) -> list[Entry]:
    """Return the files (and links, which are not followed) that fit a glob, or are below a folder that does."""
    fits = matcher(pattern)
    return [one for one in all_files(workspace) if _fits(fits, one.path)]


def _fits(fits: "re.Pattern[str]", path: str) -> bool:
    parts = path.split("/")
    return any(fits.fullmatch("/".join(parts[:depth])) for depth in range(1, len(parts) + 1))


def all_files(workspace: Workspace) -> Iterator[Entry]:
    """Walk all files and links, in the order of folders."""
    return (one for one in walk_folder(workspace=workspace, path="") if one.kind is not EntryKind.DIRECTORY)
