"""Which build this is, for `/status/`: what operators call it, else the commit of the checkout that it runs from."""

import os
import re
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40,64}")
SHOWN = 12
LONGEST_NAME = 100


def build(checkout: Path) -> str:
    """Return `UWS_BUILD`, else the first digits of the commit; empty where there is neither."""
    return os.environ.get("UWS_BUILD", "")[:LONGEST_NAME] or _commit_of(checkout)[:SHOWN]


def _commit_of(checkout: Path) -> str:
    """Read it from Git's own files: there may be no `git` here, and it does not trust folders of other accounts."""
    try:
        location = checkout / ".git"
        if location.is_file():  # a linked worktree
            location = (checkout / location.read_text().removeprefix("gitdir:").strip()).resolve()
        said = (location / "HEAD").read_text().strip()
        if said.startswith("ref:"):
            said = _read_reference(location, said.removeprefix("ref:").strip())
    except (OSError, UnicodeDecodeError):
        return ""
    return said if COMMIT.fullmatch(said) else ""


def _read_reference(location: Path, name: str) -> str:
    common = location / "commondir"
    shared = (location / common.read_text().strip()).resolve() if common.is_file() else location
    loose = shared / name
    if loose.is_file():
        return loose.read_text().strip()
    lines = (line.split() for line in (shared / "packed-refs").read_text().splitlines())
    return next((line[0] for line in lines if line[1:] == [name]), "")
