"""Reads the dependencies of a `pyproject.toml`, and those that `uv export` made of it and its `uv.lock`."""

import tomllib
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from user_workspaces.environments.specifications.requirements import read_line, read_requirements
from user_workspaces.environments.specifications.values import (
    LONGEST_LINE,
    UV_LOCK,
    Specification,
    Wanted,
    check_number,
    refuse,
    shown,
    text_of,
    unique,
)
from user_workspaces.errors import InvalidRequest

FILE = "pyproject.toml"


def read_project(content: bytes, *, python: str) -> Specification:
    """Return what `[project] dependencies` ask for; `python`: the version as `3.11`. Raises `InvalidRequest`."""
    document = _document(content)
    project = _project(document, python=python)
    if "dependencies" in (project.get("dynamic") or []):
        raise InvalidRequest(f"{FILE}: the dependencies are dynamic: only its build could tell them.")
    dependencies = project.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(one, str) for one in dependencies):
        raise InvalidRequest(f"{FILE}: [project] dependencies is not a list of texts.")
    check_number(FILE, len(dependencies))
    elsewhere, wanted, problems = _sources(document), list[Wanted](), list[str]()
    for number, text in enumerate(dependencies, start=1):
        found = _read(text, place=f"dependency {number}")
        if isinstance(found, Wanted) and found.name in elsewhere:
            found = f"`{found.name}` comes from another place than the index, by [tool.uv.sources]."
        if isinstance(found, Wanted):
            wanted.append(found)
        else:
            problems.append(f"{FILE}, dependency {number}: {found}")
    refuse(problems)
    return Specification(FILE, unique(wanted))


def check_locked_project(content: bytes, *, python: str) -> None:
    """Raise `InvalidRequest` for a project whose lock cannot be used for this version of Python."""
    _project(_document(content), python=python)


def read_exported(content: bytes) -> Specification:
    """Return what is locked, as `uv export` has written it; raises `InvalidRequest`."""
    read = read_requirements(UV_LOCK, content)
    return Specification(FILE, read.requirements, is_complete=True)


def _document(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of(FILE, content))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidRequest(f"{FILE} is no valid TOML: {shown(str(error))}") from None


def _project(document: dict[str, Any], *, python: str) -> dict[str, Any]:
    project = document.get("project")
    if not isinstance(project, dict):
        raise InvalidRequest(f"{FILE} has no [project] with dependencies.")
    required = project.get("requires-python", "")
    try:
        fits = isinstance(required, str) and SpecifierSet(required).contains(f"{python}.99")
    except InvalidSpecifier:
        fits = False
    if not fits:
        raise InvalidRequest(
            f"{FILE} requires Python {shown(str(required))}: the environment of this site has Python {python}."
        )
    return project


def _read(text: str, *, place: str) -> Wanted | str:
    if len(text) > LONGEST_LINE or not text.isprintable():
        return "it is too long, or has a control character."
    return read_line(text, place=place)


def _sources(document: dict[str, Any]) -> set[str]:
    """Return what uv would not take from the index."""
    tool = document.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    sources = uv.get("sources") if isinstance(uv, dict) else None
    return {canonicalize_name(name) for name in sources} if isinstance(sources, dict) else set()
