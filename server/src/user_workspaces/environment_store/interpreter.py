"""Finds a Python interpreter for environments that other accounts run."""

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from user_workspaces.errors import ConfigurationError

OLDEST_MINOR = 11
STANDARD_FOLDERS = ("/usr/local/bin", "/usr/bin", "/opt/local/bin", "/opt/homebrew/bin")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter outside of any virtual environment; `version` as `3.11`."""

    path: Path
    version: str


def own_interpreter() -> Interpreter:
    """Return the interpreter of the server's own environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    path = Path(sys.base_prefix) / "bin" / f"python{version}"
    return Interpreter(path if path.exists() else Path(sys.executable).resolve(), version)


def search_path() -> tuple[Path, ...]:
    """Return the folders to search for interpreters: those of PATH, then the standard ones."""
    # Relative entries would depend on the working directory of this process.
    named = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]  # noqa: PTH117  text
    return tuple(Path(folder) for folder in dict.fromkeys([*named, *STANDARD_FOLDERS]))


def find_interpreter(
    *, version: str | None, for_all_accounts: bool, own: Interpreter, folders: Sequence[Path]
) -> Interpreter:
    """Return the first suitable interpreter: the server's own, then those in the folders, newest version first.

    `for_all_accounts`: all accounts of the machine must be able to run it. Interpreters are found by name, without
    running them. Raises `ConfigurationError` if there is none.
    """
    for found in (own, *_named(folders)):
        if version in (None, found.version) and _runs(found.path, for_all_accounts=for_all_accounts):
            return found
    wanted = f"Python {version}" if version else f"Python 3.{OLDEST_MINOR} or newer"
    hidden = barrier(own.path) if for_all_accounts else None
    why = f" The server's own interpreter is below {hidden}, which only its owner can enter." if hidden else ""
    raise ConfigurationError(
        f"No {wanted} was found that the accounts of users can run.{why} "
        "Install one with the system's package manager, or set another python_version."
    )


class Interpreters:
    """Finds the interpreter of each version once per process, since fingerprints depend on it."""

    def __init__(self) -> None:
        self._found = dict[str | None, Interpreter]()

    def find(self, version: str | None) -> Interpreter:
        """Return the interpreter of a version; as root, one that all accounts can run. Raises `ConfigurationError`."""
        if version not in self._found:
            self._found[version] = find_interpreter(
                version=version, for_all_accounts=os.geteuid() == 0, own=own_interpreter(), folders=search_path()
            )
        return self._found[version]


def barrier(path: Path) -> Path | None:
    """Return the first part of a path that other accounts cannot enter or run; None if they can."""
    resolved = path.resolve()
    # From / downwards: a directory that others cannot enter hides everything below it.
    for part in (*reversed(resolved.parents), resolved):
        try:
            mode = part.stat().st_mode
        except OSError:
            return part
        if not mode & stat.S_IXOTH:
            return part
    return None


def _named(folders: Sequence[Path]) -> Iterator[Interpreter]:
    found = list[tuple[int, Path]]()
    for folder in folders:
        try:
            names = os.listdir(folder)  # noqa: PTH208  names are enough
        except OSError:
            continue
        minors = [int(match[1]) for name in names if (match := re.fullmatch(r"python3\.(\d+)", name))]
        found += [(minor, folder / f"python3.{minor}") for minor in minors if minor >= OLDEST_MINOR]
    # The sort is stable: within one version, the order of the folders decides.
    for minor, path in sorted(found, key=lambda one: -one[0]):
        yield Interpreter(path, f"3.{minor}")


def _runs(path: Path, *, for_all_accounts: bool) -> bool:
    """Return True for an executable interpreter; scripts, such as version switchers, can run any other program."""
    try:
        with path.open("rb") as file:
            is_script = file.read(2) == b"#!"
    except OSError:
        return False
    if is_script or not os.access(path, os.X_OK):
        return False
    return not for_all_accounts or barrier(path) is None
