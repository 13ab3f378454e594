"""The steps that make a virtual environment with uv, and the fingerprint that names what they make."""

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
"""Part of every fingerprint; another number makes all environments anew."""


@cache
def installer() -> str:
    """Return the path of `uv`, which came with the server."""
    return uv.find_uv_bin()


def virtualenv_steps(
    interpreter: Interpreter,
    stage: Path,
    installs: Sequence[tuple[str, tuple[str, ...]]],
    *,
    compiles: bool = True,
) -> list[Step]:
    """Return what makes an environment in `stage`; `installs` are messages with arguments of `uv pip install`.

    The last step compiles, since only the server may write there later. Without `compiles` it does not: uv
    compiles with the environment's own Python, which runs the lines of `.pth` files that packages bring.
    """
    python = str(stage / "bin" / "python")
    # Copied, not linked: a link into the cache of the server's account would lead people into a closed folder.
    install = (installer(), "pip", "install", "--python", python, "--link-mode", "copy", "--no-progress")
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
    """Return the name of what is made from these parts: 20 hexadecimal digits."""
    return hashlib.sha256(json.dumps([LAYOUT, *parts]).encode()).hexdigest()[:20]


def requirement(written: str, base_dir: Path) -> str:
    """Return a requirement as it is; a path, which starts with `.` or `/`, absolute. Raises `ConfigurationError`."""
    if not written.startswith((".", "/")):
        return written
    path = base_dir / written
    if not path.is_file():
        raise ConfigurationError(f"python_packages: {written} is no file: a path names a wheel.")
    return str(path)


def identity(source: str) -> list[object]:
    """Return what changes with the content of a file; a requirement is known by its text."""
    if not source.startswith("/"):
        return [source]
    status = Path(source).stat()
    return [source, status.st_size, status.st_mtime_ns]
