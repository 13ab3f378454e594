"""Reads a conda `environment.yml`: the packages for conda and those for pip."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from user_workspaces.environments.specifications.requirements import read_listed
from user_workspaces.environments.specifications.values import Specification, check_number, shown, text_of
from user_workspaces.errors import InvalidRequest

PYTHON = re.compile(r"python(?:\s*=+\s*(3\.\d+)(?:\.[\d*]+)*)?")
OF_EVERY_ENVIRONMENT = {"pip", "setuptools", "wheel"}
MAX_DEPTH = 10
Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""It creates only texts, lists and mappings: other YAML values can be expensive to parse, or fail."""


@dataclass(frozen=True, slots=True)
class CondaFile:
    """The content of a conda file."""

    file: str
    packages: tuple[str, ...]
    """Packages that only conda can install; empty if pip is enough."""
    python: str
    """The Python version, as `3.11`; empty for any."""
    pip: tuple[str, ...]


def read_conda_file(file: str, content: bytes) -> CondaFile:
    """Return the content of a conda file; raises `InvalidRequest`."""
    text = text_of(file, content)
    try:
        _check_simple(file, text)
        document = yaml.load(text, Loader)  # noqa: S506  the loader creates no objects, see above
    except (yaml.YAMLError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise InvalidRequest(f"{file}{line}: invalid YAML.") from None
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        raise InvalidRequest(f"{file} has no list of dependencies.")
    check_number(file, len(dependencies))
    return _sorted_out(file, dependencies)


def _check_simple(file: str, text: str) -> None:
    """Raise `InvalidRequest` for aliases, which can expand a small file into a huge document, and for deep nesting."""
    depth = 0
    # Events come one by one: the recursive composer never sees a document that is nested too deeply.
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidRequest(f"{file} has YAML aliases, which are not supported.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"{file} is nested too deeply.")


def _sorted_out(file: str, dependencies: list[Any]) -> CondaFile:
    packages, python, pip = list[str](), "", list[str]()
    for number, one in enumerate(dependencies, start=1):
        if isinstance(one, dict) and isinstance(listed := one.get("pip"), list) and len(one) == 1:
            pip += [text for text in listed if isinstance(text, str) and text]
        elif not isinstance(one, str) or not one.strip():
            raise InvalidRequest(f"{file}, dependency {number}: neither a package nor a list for pip.")
        elif found := PYTHON.fullmatch(one.strip()):
            python = found[1] or ""
        elif one.strip() not in OF_EVERY_ENVIRONMENT:
            packages.append(shown(one))
    return CondaFile(file, tuple(packages), python, tuple(pip))


def as_requirements(read: CondaFile, *, python: str) -> Specification:
    """Return the requirements for pip of a file that needs no conda; `python` as `3.11`. Raises `InvalidRequest`."""
    if read.packages:
        raise InvalidRequest(f"{read.file} has conda packages: {', '.join(read.packages[:5])}.")
    if read.python not in ("", python):
        raise InvalidRequest(
            f"{read.file} requires Python {read.python}, but the environment of this site has Python {python}."
        )
    return read_listed(read.file, read.pip, each="pip package")
