"""Build steps of virtual environments with uv, and fingerprints."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import uv

from user_workspaces.environment_store.builder import Step
from user_workspaces.environment_store.interpreter import Interpreter
from user_workspaces.errors import ConfigurationError

LAYOUT = 2
"""Part of every fingerprint; a new number rebuilds all environments."""


@cache
def installer() -> str:
    """Return the path of `uv`, a dependency of the server."""
    return uv.find_uv_bin()


def virtualenv_steps(
    interpreter: Interpreter,
    stage: Path,
    installs: Sequence[tuple[str, tuple[str, ...]]],
    *,
    compiles: bool = True,
) -> list[Step]:
    """Return the steps that build an environment in `stage`; `installs`: messages and arguments of `uv pip install`.

    The last step compiles the packages, since users cannot write compiled files there. `compiles=False` is for
    untrusted packages: uv compiles with the environment's own Python, which runs the lines of their `.pth` files.
    """
    python = str(stage / "bin" / "python")
    # Copied, not linked: users cannot enter the cache folder of the server's account.
    install = (installer(), "pip", "install", "--python", python, "--link-mode", "copy", "--no-progress")
    # Relocatable: the folder is renamed after the build, so no script may contain its path.
    make = (installer(), "venv", "--quiet", "--relocatable", "--allow-existing", "--no-python-downloads")
    last = len(installs) - 1
    return [
        Step("creating the folder", (*make, "--python", str(interpreter.path), str(stage))),
        *(
            Step(message, (*install, *(("--compile-bytecode",) if compiles and number == last else ()), *options))
            for number, (message, options) in enumerate(installs)
        ),
    ]


def fingerprint(*parts: object) -> str:
    """Return the fingerprint of these parts: 20 hexadecimal digits."""
    # JSON keeps the borders between the parts: joined texts of different parts could be equal.
    return hashlib.sha256(json.dumps([LAYOUT, *parts]).encode()).hexdigest()[:20]


def requirement(written: str, base_dir: Path) -> str:
    """Return a requirement unchanged, and a path (starting with `.` or `/`) absolute; raises `ConfigurationError`."""
    if not written.startswith((".", "/")):
        return written
    path = base_dir / written
    if not path.is_file():
        raise ConfigurationError(f"python_packages: {written} is not a file; a path must be that of a wheel.")
    return str(path)


def identity(source: str) -> list[object]:
    """Return values that change with a file's content: path, size and time; for a requirement its text."""
    if not source.startswith("/"):
        return [source]
    status = Path(source).stat()
    return [source, status.st_size, status.st_mtime_ns]
