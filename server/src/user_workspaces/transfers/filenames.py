"""The path of a file in the path of a request, and a file's name in an answer."""

import re
from urllib.parse import parse_qs, quote, unquote_to_bytes

from django.http import HttpRequest

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.file_names import escape_bytes, name_of
from user_workspaces.workspaces.details import checked_name
from user_workspaces.workspaces.files import find_entry
from user_workspaces.workspaces.models import Workspace

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f"\\/\u200e\u200f\u202a-\u202e\u2066-\u2069]')
"""Also what turns the direction of writing: with it `txt.exe` can look like `exe.txt`."""


_PLAIN = re.compile(r"[ !#-$&-\[\]-~]+")


def path_in(request: HttpRequest, path: str, workspace: Workspace) -> str:
    """Return the path below the workspace that the path of a request names; raises `InvalidRequest`.

    The web process decodes percent signs once, `%2F` too; what is no UTF-8 it replaces, so the raw path is asked.
    Such a name is taken where a session made a file of it; new ones are Unicode.
    """
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
    """Return the `path` of the query, with bytes that are not UTF-8 as the text of a name has them."""
    given = parse_qs(request.META.get("QUERY_STRING", ""), keep_blank_values=True, errors="surrogateescape")
    return escape_bytes(given.get("path", [""])[-1])


def file_path(raw: object) -> str:
    """Return a path below the workspace, and not the workspace itself; raises `InvalidRequest`."""
    path = checked_name(raw, kind="File")
    if not path:
        raise InvalidRequest("File name missing.")
    return path


def portable(text: str) -> str:
    """Return a name or path that leads nowhere else on systems that divide names at backslashes."""
    return escape_bytes(name_of(text).replace("\\", "_")).replace("\\", "_")


def attachment(name: str) -> str:
    """Return the `Content-Disposition` under which a browser saves a file: never shows it, whatever it is."""
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
