"""Prepared environments above the base: their recipes, locations and usage."""

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
"""Of the names of prepared environments; job types keep theirs in the same folder."""
TIME_LIMIT_SECONDS = 30 * 60.0
LOCK_PROGRAM = Path(__file__).with_name("build_programs") / "write_lock.py"
LOCK = "lock.txt"
DOWNLOADS = ".downloads"
"""A folder in the stage with the installer's cache of this build, so that no package stays outside of it."""
USED = "used"
"""A file beside a prepared environment; its modification time is that of the last launch."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A prepared environment, by its requirements."""

    interpreter: Interpreter
    requirements: tuple[str, ...]
    is_complete: bool

    @property
    def fingerprint(self) -> str:
        """The name of the environment; all users share one per interpreter and requirements."""
        wanted = [str(self.interpreter.path), self.interpreter.version, sorted(set(self.requirements))]
        return PREFIX + fingerprint("workspace", *wanted, self.is_complete)


@cache
def store() -> EnvironmentStore:
    """Return the store of all environments, which job types share."""
    return EnvironmentStore(settings.DATA_DIR / "environments")


def interpreter_of(base: Base) -> Interpreter:
    """Return the interpreter of a base, without running it; raises `InvalidRequest` if there is none."""
    if base.folder is None:
        modules = " ".join(base.modules)
        raise InvalidRequest(
            f"Python comes from system modules ({modules}), for which no environment can be prepared. "
            "Install packages in the session with `pip install`."
        )
    versions = [
        found[1] for path in base.folder.glob("lib/python3.*") if (found := re.fullmatch(r"python(3\.\d+)", path.name))
    ]
    python = base.folder / "bin" / "python"
    if len(versions) != 1 or not python.exists():
        raise InvalidRequest("The site's own environment is not ready yet. Try again after a session has started.")
    return Interpreter(python.resolve(), versions[0])


def recipe_of(layer: Layer) -> Recipe:
    """Return the recipe of an environment, whose steps never run code of a package with the server's rights.

    Only wheels are installed, so no package is built. A package can contain a `.pth` file, whose lines run at each
    start of the environment's own Python; the steps after the installation therefore use the base's interpreter.
    """
    name, folder = layer.fingerprint, store().path_of(layer.fingerprint)
    stage, number = store().stage(name), len(layer.requirements)
    downloads = str(stage / DOWNLOADS)
    options = ("--cache-dir", downloads, "--only-binary", ":all:", *(("--no-deps",) if layer.is_complete else ()))
    installs = [
        (f"installing {number} package{'s' * (number != 1)}", (*options, "--requirements", str(_wanted_by(name))))
    ]
    compiles = (str(layer.interpreter.path), "-I", "-S", "-m", "compileall", "-q", "-j", "2", str(folder / "lib"))
    last = (
        Step("compiling", compiles, may_fail=True),  # it fails if any file is not valid Python
        Step("recording the installed packages", (sys.executable, "-I", str(LOCK_PROGRAM), str(folder))),
    )
    first = (
        *virtualenv_steps(layer.interpreter, stage, installs, compiles=False),
        Step("removing the downloads", ("rm", "-rf", downloads)),
    )
    return Recipe("The environment", name, first, last, TIME_LIMIT_SECONDS)


def write_requirements(layer: Layer) -> None:
    """Write the requirements for the installer; raises `OSError`."""
    path = _wanted_by(layer.fingerprint)
    store().make_folder()
    # An existing file is complete, as it is renamed into place, and its name depends on its content.
    if not path.is_file():
        partial = path.with_suffix(".requirements-new")
        partial.touch(mode=0o600)
        partial.write_text("".join(f"{line}\n" for line in sorted(set(layer.requirements))))
        partial.replace(path)


def installed_in(name: str) -> Sequence[tuple[str, str]]:
    """Return names and versions of the packages in a prepared environment."""
    try:
        lines = (store().path_of(name) / LOCK).read_text().splitlines()
    except OSError:
        return ()
    return [(name, version) for name, _, version in (line.partition("==") for line in lines)]


def note_use(locations: Sequence[Path]) -> None:
    """Record that a job uses these prepared environments, so that they are kept."""
    for folder in locations:
        if folder.name.startswith(PREFIX):
            store().beside(folder.name, USED).touch(mode=0o600)


def _wanted_by(name: str) -> Path:
    return store().beside(name, "requirements")
