"""Reads the dependencies of a `pyproject.toml`, directly or from the output of `uv export`."""

import tomllib
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from user_workspaces.environments.specifications.requirements import read_listed, read_requirements
from user_workspaces.environments.specifications.values import UV_LOCK, Specification, shown, text_of
from user_workspaces.errors import InvalidRequest

FILE = "pyproject.toml"
MOST_STEPS = 10**7
"""Limit of the dots of a line times all dots and lines: the parser is quadratic, and takes two seconds for this."""


def read_project(content: bytes, *, python: str) -> Specification:
    """Return the requirements of `[project] dependencies`; `python` as `3.11`. Raises `InvalidRequest`."""
    document = _document(content)
    project = _project(document, python=python)
    dynamic = project.get("dynamic")
    if isinstance(dynamic, list) and "dependencies" in dynamic:
        raise InvalidRequest(f"{FILE}: dynamic dependencies are not supported, since only a build knows them.")
    dependencies = project.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(one, str) for one in dependencies):
        raise InvalidRequest(f"{FILE}: [project] dependencies must be a list of strings.")
    return read_listed(FILE, dependencies, each="dependency", not_of_index=_sources(document))


def check_locked_project(content: bytes, *, python: str) -> None:
    """Raise `InvalidRequest` for a project that does not support this version of Python."""
    _project(_document(content), python=python)


def read_exported(content: bytes) -> Specification:
    """Return the locked requirements from the output of `uv export`; raises `InvalidRequest`."""
    read = read_requirements(UV_LOCK, content)
    return Specification(FILE, read.requirements, is_complete=True)


def _document(content: bytes) -> dict[str, Any]:
    text = text_of(FILE, content)
    dots = [line.count(".") for line in text.split("\n")]
    if max(dots) * (sum(dots) + len(dots)) > MOST_STEPS:
        raise InvalidRequest(f"{FILE} has too many dots in its lines.")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also for a number with too many digits
        raise InvalidRequest(f"{FILE} is not valid TOML: {shown(str(error))}") from None


def _project(document: dict[str, Any], *, python: str) -> dict[str, Any]:
    project = document.get("project")
    if not isinstance(project, dict):
        raise InvalidRequest(f"{FILE} has no [project] table.")
    required = project.get("requires-python", "")
    try:
        # Only the minor version is known: the patch release 99 satisfies lower bounds such as `>=3.11.4`.
        fits = isinstance(required, str) and SpecifierSet(required).contains(f"{python}.99")
    except InvalidSpecifier:
        fits = False
    if not fits:
        raise InvalidRequest(
            f"{FILE} requires Python {shown(str(required))}, but the environment of this site has Python {python}."
        )
    return project


def _sources(document: dict[str, Any]) -> set[str]:
    """Return the names of packages that uv takes from other sources than the index."""
    tool = document.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    sources = uv.get("sources") if isinstance(uv, dict) else None
    return {canonicalize_name(name) for name in sources} if isinstance(sources, dict) else set()
