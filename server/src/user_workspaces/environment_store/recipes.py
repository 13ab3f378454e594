"""From options to the steps that make an environment, and to the fingerprint that names it."""

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
    """What each virtual environment of one kind holds."""

    lock: Path
    """The packages, with hashes."""
    trial: str
    """A Python statement that succeeds only in a complete environment."""
    wheel: Path | None = None
    """Installed without asking for more: what it needs is in the lock."""
    compress: Path | None = None
    """A program that is run with the folder at the end."""


@dataclass(frozen=True, slots=True)
class Locked:
    """How many packages a lock file names, and its SHA-256."""

    number: int
    digest: str


@cache
def locked(lock: Path) -> Locked:
    """Read a lock file, once a process."""
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
    """Return how to install the contents, and what was asked for beside them; raises `ConfigurationError`."""
    packages = [requirement(package, base_dir) for package in details.python_packages]
    mark = fingerprint(
        "virtualenv",
        str(interpreter.path),
        interpreter.version,
        locked(contents.lock).digest,
        [identity(one) for one in packages],
        *([_digest(contents.wheel)] if contents.wheel else []),
    )
    steps = virtualenv_steps(interpreter, environments.stage(mark), _installs(packages, contents))
    return _recipe(details, mark, steps, (), environments, contents)


def _installs(packages: Sequence[str], contents: Contents) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is installed, in this order."""
    lock = contents.lock
    told: list[tuple[str, tuple[str, ...]]] = [
        (f"installing {locked(lock).number} packages", ("--require-hashes", "--requirements", str(lock)))
    ]
    if contents.wheel:
        name = contents.wheel.name.partition("-")[0].replace("_", "-")
        told.append((f"adding {name}", ("--no-deps", "--no-index", "--offline", "--", str(contents.wheel))))
    if packages:
        constraints = ("--constraints", str(lock), "--no-verify-hashes")
        told.append((f"installing {len(packages)} of this site's packages", (*constraints, "--", *packages)))
    return told


def tar_recipe(
    details: EnvironmentDetails, *, base_dir: Path, environments: EnvironmentStore, contents: Contents
) -> Recipe:
    """Return how to unpack an archive; raises `ConfigurationError` when there is none."""
    archive = base_dir / (details.tar_file_path or "")
    if not archive.is_file():
        raise ConfigurationError("tar_file_path: there is no such archive.")
    mark = fingerprint("tar", identity(str(archive)))
    stage, path_of = environments.stage(mark), environments.path_of(mark)
    unpack = ("tar", "--extract", "--no-same-owner", "--no-same-permissions", "--file", str(archive))
    python = str(path_of / "bin" / "python")
    # An archive of conda-pack brings a program that writes the final place into its scripts.
    repair = str(path_of / "bin" / "conda-unpack")
    compile_all = (python, "-I", "-m", "compileall", "-q", str(path_of / "lib"))
    last = (
        Step("putting its paths right", (python, repair), only_if=repair),
        Step("compiling", compile_all, may_fail=True),  # it fails for any one file that is no valid Python
    )
    return _recipe(
        details, mark, [Step("unpacking", (*unpack, "--directory", str(stage)))], last, environments, contents
    )


def _recipe(
    details: EnvironmentDetails,
    mark: str,
    first: Sequence[Step],
    last: Sequence[Step],
    environments: EnvironmentStore,
    contents: Contents,
) -> Recipe:
    path_of = environments.path_of(mark)
    if contents.compress:
        last = (*last, Step("compressing its pages", (sys.executable, "-I", str(contents.compress), str(path_of))))
    trial = Step("trying it", (str(path_of / "bin" / "python"), "-I", "-c", contents.trial))
    return Recipe(details.environment_name, mark, tuple(first), (*last, trial), details.time_limit * 60.0)


def _digest(wheel: Path) -> str:
    status = wheel.stat()
    return _digest_of(wheel, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _digest_of(wheel: Path, _size: int, _modified: int) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
