"""The software environment of a workspace, for its notebooks, terminals, applications and runs."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = ".environment"
"""The folder of a workspace with the packages that its user installed: one overlay for each base."""
BASE, OF_CONDA, OF_R, REMOVED = "base", "conda", "R", "removed-"
"""Reserved names in it: those of the overlay of the default base, of conda and R, and the prefix of removals."""
BUILD_LOCK = ".build"
"""A file in it that a job which builds an environment keeps locked."""


@dataclass(frozen=True, slots=True)
class Base:
    """A read-only environment of the site, shared by all users of a resource."""

    folder: Path | None
    """Holds `bin/python` and packages below `lib`; None: the modules provide Python."""
    modules: tuple[str, ...] = ()
    """Loaded with `module load`, in this order."""


@dataclass(frozen=True, slots=True)
class WorkspaceEnvironment:
    """A base, prepared packages on it, and the user's own packages above both: an overlay in the workspace."""

    base: Base
    overlay: Path | None
    """The folder of its virtual environments, one per Python version. None: users cannot install packages."""
    layers: tuple[Path, ...] = ()
    """Prepared environments for the base's Python, read-only like it; the first wins."""
