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
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.environment_store.virtual_environment import (
    fingerprint,
    identity,
    requirement,
    virtualenv_steps,
)
from user_workspaces.errors import ConfigurationError
from user_workspaces.plugins.job_type.jupyter_lab import compression
from user_workspaces.plugins.job_type.jupyter_lab.options import EnvironmentDetails

LOCK = Path(__file__).with_name("requirements.lock")
WHEELS = Path(__file__).with_name("wheels")
"""Where `scripts/install` puts the wheel of the REANA extension; without it sessions lack its panel."""

TRIAL = "import jupyterlab.labapp, jupyter_server.auth.identity, ipykernel"


@dataclass(frozen=True, slots=True)
class Defaults:
    """The packages of every virtual environment: how many the lock file names, and its SHA-256."""

    number: int
    digest: str


@cache
def defaults() -> Defaults:
    """Read the lock file, once a process."""
    text = LOCK.read_text()
    return Defaults(len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)), hashlib.sha256(text.encode()).hexdigest())


def extension(folder: Path = WHEELS) -> Path | None:
    """Return the wheel of the REANA extension; None: it was not built."""
    return min(folder.glob("reana_jupyterlab-*.whl"), default=None)


def virtualenv_recipe(
    details: EnvironmentDetails,
    *,
    interpreter: Interpreter,
    base_dir: Path,
    environments: EnvironmentStore,
    wheel: Path | None = None,
) -> Recipe:
    """Return how to install JupyterLab, and what was asked for beside it; raises `ConfigurationError`.

    `wheel`: the REANA extension; what it needs stands in the lock file.
    """
    packages = [requirement(package, base_dir) for package in details.python_packages]
    mark = fingerprint(
        "virtualenv",
        str(interpreter.path),
        interpreter.version,
        defaults().digest,
        [identity(one) for one in packages],
        *([_digest(wheel)] if wheel else []),
    )
    steps = virtualenv_steps(interpreter, environments.stage(mark), _installs(packages, wheel))
    return _recipe(details, mark, steps, (), environments)


def _installs(packages: Sequence[str], wheel: Path | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is installed, in this order."""
    told: list[tuple[str, tuple[str, ...]]] = [
        (f"installing {defaults().number} packages", ("--require-hashes", "--requirements", str(LOCK)))
    ]
    if wheel:
        told.append(("adding the REANA extension", ("--no-deps", "--no-index", "--offline", "--", str(wheel))))
    if packages:
        constraints = ("--constraints", str(LOCK), "--no-verify-hashes")
        told.append((f"installing {len(packages)} of this site's packages", (*constraints, "--", *packages)))
    return told


def tar_recipe(details: EnvironmentDetails, *, base_dir: Path, environments: EnvironmentStore) -> Recipe:
    """Return how to unpack an archive; raises `ConfigurationError` when there is none."""
    archive = base_dir / (details.tar_file_path or "")
    if not archive.is_file():
        raise ConfigurationError("tar_file_path: there is no such archive.")
    mark = fingerprint("tar", identity(str(archive)))
    stage, place = environments.stage(mark), environments.place(mark)
    unpack = ("tar", "--extract", "--no-same-owner", "--no-same-permissions", "--file", str(archive))
    python = str(place / "bin" / "python")
    # An archive of conda-pack brings a program that writes the final place into its scripts.
    repair = str(place / "bin" / "conda-unpack")
    compile_all = (python, "-I", "-m", "compileall", "-q", str(place / "lib"))
    last = (
        Step("putting its paths right", (python, repair), only_if=repair),
        Step("compiling", compile_all, may_fail=True),  # it fails for any one file that is no valid Python
    )
    return _recipe(details, mark, [Step("unpacking", (*unpack, "--directory", str(stage)))], last, environments)


def _recipe(
    details: EnvironmentDetails, mark: str, first: Sequence[Step], last: Sequence[Step], environments: EnvironmentStore
) -> Recipe:
    place = environments.place(mark)
    compress = Step("compressing its pages", (sys.executable, "-I", compression.__file__, str(place)))
    trial = Step("trying it", (str(place / "bin" / "python"), "-I", "-c", TRIAL))
    return Recipe(details.environment_name, mark, tuple(first), (*last, compress, trial), details.time_limit * 60.0)


def _digest(wheel: Path) -> str:
    status = wheel.stat()
    return _digest_of(wheel, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _digest_of(wheel: Path, _size: int, _modified: int) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
