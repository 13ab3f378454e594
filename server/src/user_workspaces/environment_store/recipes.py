"""Recipes of environments: build steps and fingerprint, from options."""

import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from user_workspaces.environment_store.builder import Step
from user_workspaces.environment_store.interpreter import Interpreter
from user_workspaces.environment_store.options import EnvironmentDetails
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.environment_store.virtual_environment import (
    fingerprint,
    identity,
    requirement,
    virtualenv_steps,
)
from user_workspaces.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Contents:
    """The content of all environments of a plug-in."""

    lock: Path
    """The packages, with hashes."""
    trial: str
    """A Python statement that fails in an incomplete environment."""
    wheel: Path | None = None
    """Installed without dependencies, which the lock has."""
    compress: Path | None = None
    """A program that runs last, with the folder as its argument."""


@dataclass(frozen=True, slots=True)
class Locked:
    """The number of packages in a lock file, and its SHA-256."""

    number: int
    digest: str


@cache
def locked(lock: Path) -> Locked:
    """Read a lock file, once per process."""
    text = lock.read_text()
    return Locked(len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)), hashlib.sha256(text.encode()).hexdigest())


def virtualenv_recipe(
    details: EnvironmentDetails,
    *,
    interpreter: Interpreter,
    base_dir: Path,
    environments: EnvironmentStore,
    contents: Contents,
) -> Recipe:
    """Return the recipe of a virtual environment; raises `ConfigurationError`."""
    packages = [requirement(package, base_dir) for package in details.python_packages]
    # A change of any part builds another environment in another folder; the existing one is not changed.
    name = fingerprint(
        "virtualenv",
        str(interpreter.path),
        interpreter.version,
        locked(contents.lock).digest,
        [identity(one) for one in packages],
        *([_digest(contents.wheel)] if contents.wheel else []),
    )
    steps = virtualenv_steps(interpreter, environments.stage(name), _installs(packages, contents))
    return _recipe(details, name, steps, (), environments, contents)


def _installs(packages: Sequence[str], contents: Contents) -> list[tuple[str, tuple[str, ...]]]:
    """Return messages and arguments of the installations, in order."""
    lock = contents.lock
    installs: list[tuple[str, tuple[str, ...]]] = [
        (f"installing {locked(lock).number} packages", ("--require-hashes", "--requirements", str(lock)))
    ]
    if contents.wheel:
        name = contents.wheel.name.partition("-")[0].replace("_", "-")
        # No index is asked, so a package of this name on an index is never installed.
        installs.append((f"adding {name}", ("--no-deps", "--no-index", "--offline", "--", str(contents.wheel))))
    if packages:
        # The lock as constraints: a package of the site must not change the version of a locked one.
        constraints = ("--constraints", str(lock), "--no-verify-hashes")
        installs.append((f"installing {len(packages)} of the site's packages", (*constraints, "--", *packages)))
    return installs


def tar_recipe(
    details: EnvironmentDetails, *, base_dir: Path, environments: EnvironmentStore, contents: Contents
) -> Recipe:
    """Return the recipe of an archive; raises `ConfigurationError` if the archive is missing."""
    archive = base_dir / (details.tar_file_path or "")
    if not archive.is_file():
        raise ConfigurationError("tar_file_path: the archive does not exist.")
    name = fingerprint("tar", identity(str(archive)))
    stage, folder = environments.stage(name), environments.path_of(name)
    # As root, tar would give files to the accounts that the archive names, and those could change the programs.
    unpack = ("tar", "--extract", "--no-same-owner", "--no-same-permissions", "--file", str(archive))
    python = str(folder / "bin" / "python")
    # conda-pack adds a program to its archives that writes the final path into scripts.
    repair = str(folder / "bin" / "conda-unpack")
    # Users cannot write compiled files there, so without them each start would compile the modules again.
    compile_all = (python, "-I", "-m", "compileall", "-q", str(folder / "lib"))
    last = (
        Step("adjusting its paths", (python, repair), only_if=repair),
        Step("compiling", compile_all, may_fail=True),  # it fails if any file is not valid Python
    )
    return _recipe(
        details, name, [Step("unpacking", (*unpack, "--directory", str(stage)))], last, environments, contents
    )


def _recipe(
    details: EnvironmentDetails,
    name: str,
    first: Sequence[Step],
    last: Sequence[Step],
    environments: EnvironmentStore,
    contents: Contents,
) -> Recipe:
    folder = environments.path_of(name)
    if contents.compress:
        last = (*last, Step("compressing its pages", (sys.executable, "-I", str(contents.compress), str(folder))))
    # The last step: if an import fails, the environment is never marked as complete.
    trial = Step("testing it", (str(folder / "bin" / "python"), "-I", "-c", contents.trial))
    return Recipe(details.environment_name, name, tuple(first), (*last, trial), details.time_limit * 60.0)


def _digest(wheel: Path) -> str:
    status = wheel.stat()
    return _digest_of(wheel, status.st_size, status.st_mtime_ns)


# Size and time are part of the key: a wheel that is built again under the same name is read again.
@lru_cache(maxsize=8)
def _digest_of(wheel: Path, _size: int, _modified: int) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
