"""The environment of a workspace: what its notebooks, terminals, applications and runs use."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = ".environment"
"""The folder of a workspace that holds the packages which its user installed: one overlay for each base."""
BASE, OF_CONDA, OF_R, REMOVED = "base", "conda", "R", "removed-"
"""Names in it that are not those of named environments: of conda and of what is being removed, their beginnings."""
BUILD_LOCK = ".build"
"""A file in it, which a job that makes an environment there keeps locked."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a site offers to start with: read-only, and one for all users of a resource."""

    folder: Path | None
    """Holds `bin/python`, and packages below `lib`; None: the modules bring a Python."""
    modules: tuple[str, ...] = ()
    """Loaded with `module load`, in this order."""


@dataclass(frozen=True, slots=True)
class WorkspaceEnvironment:
    """A base, prepared packages on it, and the user's own packages above both: an overlay in the workspace."""

    base: Base
    overlay: Path | None
    """The folder of its virtual environments, one for each version of Python. None: nothing can be installed."""
    layers: tuple[Path, ...] = ()
    """Prepared environments for the base's Python, read-only like it; the first wins."""
