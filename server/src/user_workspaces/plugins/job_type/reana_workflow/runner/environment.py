"""The environment of commands: its name, its variables, and the lock file of its Python packages."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .journal import CannotRun

ACTIVATED = ("JUPYTER_PATH", "R_LIBS_USER", "VIRTUAL_ENV")
"""Variables that an environment sets besides `PATH`; commands in a container get none of them."""
SYSTEM_PATH = "UWS_SYSTEM_PATH"
"""Set with an environment: the `PATH` before it."""
THIS_MACHINE = "this machine"
LONGEST_PTH, MOST_PLACES = 64 << 10, 100
MOST_LOCKS = 1000
PYTHON_SECONDS = 20
PACKAGE = re.compile(r"(?P<name>[\w.]+(?:-[\w.]+)*?)-(?P<version>\d[\w.!+]*)(?:-py[\d.]+)?\.(?:dist|egg)-info")
PROBE = """
import json, os, site, sys
folder = os.path.dirname(os.path.abspath(sys.executable))
homes = [home for home in (os.path.dirname(folder), folder) if os.path.isfile(os.path.join(home, "pyvenv.cfg"))]
prefix, places, system = sys.prefix, [], True
if homes:
    with open(os.path.join(homes[0], "pyvenv.cfg")) as file:
        system = "include-system-site-packages=true" in file.read().replace(" ", "").lower().split()
    sys.prefix = sys.exec_prefix = homes[0]
    places = site.getsitepackages([homes[0]])
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = prefix
if system:
    places += [site.getusersitepackages()] + site.getsitepackages([prefix])
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], places]))
"""
"""Run with `-I -S`, so that no code of packages or of the user runs. Python >= 3.6."""


class Lock(NamedTuple):
    """The lock file: all Python packages that commands can import."""

    content: bytes
    packages: int

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def environment_name(variables: Mapping[str, str], called: str) -> str:
    """Return the name of the environment: `called` if one is activated."""
    return called if called and variables.get(SYSTEM_PATH) else THIS_MACHINE


def without_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables as they were before an environment was activated."""
    found = {name: value for name, value in variables.items() if name not in ACTIVATED}
    return {**found, "PATH": variables[SYSTEM_PATH]} if variables.get(SYSTEM_PATH) else found


def find_python(path: str) -> str:
    """Return the Python that commands call; empty if there is none."""
    return shutil.which("python", path=path) or shutil.which("python3", path=path) or ""


def lock_of(python: str) -> Lock | None:
    """Return the lock of an interpreter's packages; None if it does not work. Imports no package."""
    try:
        asked = [python, "-I", "-S", "-c", PROBE]
        done = subprocess.run(
            asked, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=PYTHON_SECONDS, check=True
        )
        version, locations = json.loads(done.stdout)
        packages = packages_in(_search_path([Path(str(location)) for location in locations]))
    except (OSError, subprocess.SubprocessError, TypeError, ValueError):
        return None
    lines = [f"# Python {version}", *(packages[name] for name in sorted(packages))]
    return Lock("".join(f"{line}\n" for line in lines).encode(), len(packages))


def _search_path(locations: list[Path]) -> list[Path]:
    """Return the folders and those named in their `.pth` files (see `site`); code lines are not run."""
    found: dict[Path, None] = {}
    for location in locations:
        found.setdefault(location)
        for file in sorted(_entries(location)):
            if file.endswith(".pth") and not file.startswith("."):
                with suppress(OSError, ValueError):
                    lines = _read(location / file, LONGEST_PTH).decode("utf-8-sig").splitlines()
                    paths = [line.strip() for line in lines if not line.startswith(("#", "import ", "import\t"))]
                    for path in filter(None, paths):
                        found.setdefault(location / path)
    return list(found)[:MOST_PLACES]


def packages_in(locations: list[Path]) -> dict[str, str]:
    """Return the lock's line of each package by name; the first of several with one name wins.

    A package from a file or a URL (PEP 610) becomes a comment: an index may have another package of that name.
    """
    found: dict[str, str] = {}
    for location in locations:
        for entry in sorted(_entries(location)):
            named = PACKAGE.fullmatch(entry)
            if named:
                name = normalized(named.group("name"))
                line = f"{name}=={named.group('version')}"
                is_of_index = not (location / entry / "direct_url.json").exists()
                found.setdefault(name, line if is_of_index else f"# {line} is not of the index")
    return found


def normalized(name: str) -> str:
    """Return the normalized name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _entries(location: Path) -> list[str]:
    try:
        return os.listdir(location)  # noqa: PTH208  names, thousands of them
    except OSError:
        return []


def keep_lock(lock: Lock, workspace: Path, *, run: str) -> str:
    """Write the lock to the workspace under a name that is free or has the same content; return the name.

    Files of the user are never replaced. Raises `CannotRun` with the reason.
    """
    draft = workspace / f".environment.lock.{run}"
    try:
        with suppress(FileNotFoundError):
            draft.unlink()  # from a runner that was killed at this point
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123  a handle: a path would follow links
                file.write(lock.content)
            return _link(draft, workspace, lock.content)
        finally:
            draft.unlink()
    except OSError as error:
        raise CannotRun(f"The lock file of the environment cannot be written: {error.strerror}.") from None


def _link(draft: Path, workspace: Path, content: bytes) -> str:
    for number in range(MOST_LOCKS):
        name = f"environment-{number}.lock" if number else "environment.lock"
        try:
            # link(2) never replaces a file, and the file appears with its whole content.
            os.link(draft, workspace / name)
        except FileExistsError:
            if _holds(workspace / name, content):
                return name
        else:
            return name
    raise CannotRun(f"The lock file of the environment cannot be written: all {MOST_LOCKS} names are in use.")


def _holds(path: Path, content: bytes) -> bool:
    """Return True if a regular file, not a link, has exactly this content."""
    try:
        return _read(path, len(content) + 1, flags=os.O_NOFOLLOW) == content
    except OSError:
        return False


def _read(path: Path, length: int, *, flags: int = 0) -> bytes:
    """Return at most `length` bytes of a regular file; raises `OSError` for anything else.

    Without `O_NONBLOCK`, opening a pipe would wait for a writer that may never come.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content = b""
        while len(content) < length and (piece := os.read(handle, length - len(content))):
            content += piece
        return content
    finally:
        os.close(handle)
