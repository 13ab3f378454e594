"""Checks for system packages, which the server never installs itself."""

import shutil
from collections.abc import Sequence
from pathlib import Path

DPKG = Path("/var/lib/dpkg/info")
"""Has a `<package>.list` for each installed package, on Debian and derived systems."""
STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(packages: Sequence[str], *, info: Path = DPKG, path: str = STANDARD_PATH) -> list[str]:
    """Return the missing packages. A program of the same name counts, since some servers build their own."""
    return [name for name in packages if not (_is_installed(name, info) or shutil.which(name, path=path))]


def _is_installed(name: str, info: Path) -> bool:
    # Packages of several architectures have the architecture in the file's name.
    return (info / f"{name}.list").exists() or any(info.glob(f"{name}:*.list"))


def advice(packages: Sequence[str]) -> str:
    """Return the command that installs packages."""
    return f"`apt install {' '.join(packages)}`"
