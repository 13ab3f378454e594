"""Paths and globs in requests."""

import re

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.file_names import without_escapes
from user_workspaces.transfers.filenames import file_path

GLOB = re.compile(r"[*?\[]")


def path_of(raw: str) -> str:
    """Return a path in the workspace; raises `InvalidRequest` for a path outside."""
    # A backslash can separate folders, except in an escape such as `\x5C`, which encodes one byte of a name.
    if ".." in without_escapes(raw).replace("\\", "/").split("/"):
        raise InvalidRequest("'..' is not a valid path component")
    return file_path(raw)


def is_glob(path: str) -> bool:
    """Return whether a path contains wildcards."""
    return GLOB.search(path) is not None
