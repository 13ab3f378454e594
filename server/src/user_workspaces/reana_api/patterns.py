"""Paths and globs as requests name them."""

import re

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.file_names import without_escapes
from user_workspaces.transfers.filenames import file_path

GLOB = re.compile(r"[*?\[]")


def path_of(raw: str) -> str:
    """Return a path below the workspace; raises `InvalidRequest` for one that leaves it."""
    if ".." in without_escapes(raw).replace("\\", "/").split("/"):
        raise InvalidRequest("'..' is not a valid path component")
    return file_path(raw)


def is_glob(path: str) -> bool:
    """Return whether a path can stand for several."""
    return GLOB.search(path) is not None
