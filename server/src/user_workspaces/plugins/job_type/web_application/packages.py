"""Which packages of the system are missing; they are never installed by the server."""

import shutil
from collections.abc import Sequence
from pathlib import Path

DPKG = Path("/var/lib/dpkg/info")
"""One `<package>.list` for each package that is installed, of Debian and its relatives."""
STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(packages: Sequence[str], *, info: Path = DPKG, path: str = STANDARD_PATH) -> list[str]:
    """Return those that are not there. A program of the same name will do: some sites build their own."""
    return [name for name in packages if not (_is_installed(name, info) or shutil.which(name, path=path))]


def _is_installed(name: str, info: Path) -> bool:
    return (info / f"{name}.list").exists() or any(info.glob(f"{name}:*.list"))


def advice(packages: Sequence[str]) -> str:
    """Return what an administrator should do."""
    return f"`apt install {' '.join(packages)}`"
