"""Prepared environments above a site's base: how each is built, where it is, and which of them are ready."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from user_workspaces.environment_store.builder import Step
from user_workspaces.environment_store.interpreter import Interpreter
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.environment_store.virtual_environment import fingerprint, virtualenv_steps
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import Base

PREFIX = "workspace-"
"""Of the names of prepared environments, in the folder that they share with those of job types."""
SECONDS = 30 * 60.0
LOCK_PROGRAM = Path(__file__).with_name("build_programs") / "write_lock.py"
LOCK = "lock.txt"
DOWNLOADS = ".downloads"
"""A folder in the stage: the installer's cache for this build alone, so that no package outlives its environment."""
USED = "used"
"""A file beside a prepared environment: its time is that of the last launch with it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A prepared environment, by what it is made from."""

    interpreter: Interpreter
    requirements: tuple[str, ...]
    is_complete: bool

    @property
    def fingerprint(self) -> str:
        """Return its name: the same requirements for the same interpreter are one environment for all users."""
        wanted = [str(self.interpreter.path), self.interpreter.version, sorted(set(self.requirements))]
        return PREFIX + fingerprint("workspace", *wanted, self.is_complete)


@cache
def store() -> EnvironmentStore:
    """Return the folder of all environments, which job types use as well."""
    return EnvironmentStore(settings.DATA_DIR / "environments")


def interpreter_of(base: Base) -> Interpreter:
    """Return the Python of a base, found without running it; raises `InvalidRequest` where nothing can be prepared."""
    if base.folder is None:
        modules = " ".join(base.modules)
        raise InvalidRequest(
            f"Here Python comes from modules of the system ({modules}), and no environment can be prepared for it. "
            "Install packages in the session with `pip install`."
        )
    versions = [
        found[1] for path in base.folder.glob("lib/python3.*") if (found := re.fullmatch(r"python(3\.\d+)", path.name))
    ]
    python = base.folder / "bin" / "python"
    if len(versions) != 1 or not python.exists():
        raise InvalidRequest("The site's own environment is not ready yet. Try again when a session could be started.")
    return Interpreter(python.resolve(), versions[0])


def recipe_of(layer: Layer) -> Recipe:
    """Return how it is built, without running any code of a package with the rights of the server.

    Only wheels are taken, so nothing is built. A package may bring a `.pth` file, whose lines each start of the
    environment's own Python would run: after the installation the base's interpreter does the work, which knows
    nothing of the packages.
    """
    name, path_of = layer.fingerprint, store().path_of(layer.fingerprint)
    stage, number = store().stage(name), len(layer.requirements)
    downloads = str(stage / DOWNLOADS)
    options = ("--cache-dir", downloads, "--only-binary", ":all:", *(("--no-deps",) if layer.is_complete else ()))
    installs = [
        (f"installing {number} package{'s' * (number != 1)}", (*options, "--requirements", str(_wanted_by(name))))
    ]
    compiles = (str(layer.interpreter.path), "-I", "-S", "-m", "compileall", "-q", "-j", "2", str(path_of / "lib"))
    last = (
        Step("compiling", compiles, may_fail=True),  # it fails for any one file that is no valid Python
        Step("writing down what was installed", (sys.executable, "-I", str(LOCK_PROGRAM), str(path_of))),
    )
    first = (
        *virtualenv_steps(layer.interpreter, stage, installs, compiles=False),
        Step("removing the downloads", ("rm", "-rf", downloads)),
    )
    return Recipe("The environment", name, first, last, SECONDS)


def write_requirements(layer: Layer) -> None:
    """Write the file that the installer reads; raises `OSError`."""
    path = _wanted_by(layer.fingerprint)
    store().make_folder()
    if not path.is_file():
        partial = path.with_suffix(".requirements-new")
        partial.touch(mode=0o600)
        partial.write_text("".join(f"{line}\n" for line in sorted(set(layer.requirements))))
        partial.replace(path)


def installed_in(name: str) -> Sequence[tuple[str, str]]:
    """Return names and versions of what a prepared environment has."""
    try:
        lines = (store().path_of(name) / LOCK).read_text().splitlines()
    except OSError:
        return ()
    return [(name, version) for name, _, version in (line.partition("==") for line in lines)]


def note_use(locations: Sequence[Path]) -> None:
    """Note that a job uses these prepared environments; they are kept for it."""
    for path_of in locations:
        if path_of.name.startswith(PREFIX):
            store().beside(path_of.name, USED).touch(mode=0o600)


def _wanted_by(name: str) -> Path:
    return store().beside(name, "requirements")
