"""Paths of files in requests, and names of files in responses."""

import re
from urllib.parse import parse_qs, quote, unquote_to_bytes

from django.http import HttpRequest

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.file_names import escape_bytes, name_of
from user_workspaces.workspaces.details import checked_name
from user_workspaces.workspaces.files import find_entry
from user_workspaces.workspaces.models import Workspace

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f"\\/\u200e\u200f\u202a-\u202e\u2066-\u2069]')
"""With the characters that change the direction of text: they can make `txt.exe` look like `exe.txt`."""
_PLAIN = re.compile(r"[ !#-$&-\[\]-~]+")


def path_in(request: HttpRequest, path: str, workspace: Workspace) -> str:
    """Return the path below the workspace that the path of a request names; raises `InvalidRequest`.

    A name that is not valid UTF-8 is accepted only if such a file exists, for example made by a session.
    """
    # ASGI decodes percent signs (`%2F`, too) and replaces bytes that are not UTF-8: only the raw path has them.
    raw_path = unquote_to_bytes(request.META.get("asgi.scope", {}).get("raw_path", b""))
    try:
        raw_path.decode()
    except UnicodeDecodeError:
        before = request.path.removesuffix(path).encode()
        found = file_path(escape_bytes(raw_path.removeprefix(before).decode(errors="surrogateescape")))
        if find_entry(workspace=workspace, path=found) is None:
            raise InvalidRequest("File name must be valid Unicode text.") from None
        return found
    return file_path(path)


def queried_path(request: HttpRequest) -> str:
    """Return the `path` of the query; bytes that are not UTF-8 are escaped as in other names."""
    given = parse_qs(request.META.get("QUERY_STRING", ""), keep_blank_values=True, errors="surrogateescape")
    # The last value counts, as in Django's `QueryDict`.
    return escape_bytes(given.get("path", [""])[-1])


def file_path(raw: object) -> str:
    """Return a path below the workspace; raises `InvalidRequest`, also for the workspace itself."""
    path = checked_name(raw, kind="File")
    if not path:
        raise InvalidRequest("File name missing.")
    return path


def portable(text: str) -> str:
    """Return a name or path without backslashes, which separate directories on Windows."""
    return escape_bytes(name_of(text).replace("\\", "_")).replace("\\", "_")


def attachment(name: str) -> str:
    """Return the `Content-Disposition` with which a browser saves a file and never shows it."""
    return disposition(_NOT_IN_NAMES.sub("_", portable(name)) or "_")


def disposition(name: str, *, inline: bool = False) -> str:
    """Return a `Content-Disposition` header (RFC 6266).

    A name that the plain `filename` cannot carry is sent as `filename*` alone: programs that know both may take the
    plain one, and browsers decode percent signs in it.
    """
    kind = "inline" if inline else "attachment"
    if _PLAIN.fullmatch(name):
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}"
