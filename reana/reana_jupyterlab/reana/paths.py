"""Paths of REANA's API, and paths within a workspace."""

from urllib.parse import quote

from .errors import BadRequest


def checked_path(path: str) -> str:
    """Return a path inside a workspace, or raise `BadRequest`."""
    parts = path.split("/")
    # Servers and proxies resolve `..` and empty parts, so the request would reach another resource.
    if not path or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise BadRequest(f"'{path}' is not a path within a workspace.")
    return path


def at(workflow: str, *parts: str) -> str:
    """Return the path of a run's resource; a last part may be a workspace path with slashes."""
    # `quote` leaves dots: `..` would lead to the parent path.
    if not workflow or workflow in {".", ".."}:
        raise BadRequest("A workflow is required.")
    quoted = [quote(workflow, safe="")]
    quoted += [quote(checked_path(part), safe="/") for part in parts]
    return "/api/workflows/" + "/".join(quoted)
