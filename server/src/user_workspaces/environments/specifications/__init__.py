"""Files that say which packages a workspace needs: from their bytes to requirements, without any I/O of their own."""

from user_workspaces.environments.specifications.values import (
    BUILT_BY_JOBS,
    ENVIRONMENT_FILES,
    LARGEST_FILE,
    LOCK_FILE,
    MOST_REQUIREMENTS,
    PYTHON_FILES,
    R_FILE,
    UV_LOCK,
    Specification,
    Wanted,
)

__all__ = [
    "BUILT_BY_JOBS",
    "ENVIRONMENT_FILES",
    "LARGEST_FILE",
    "LOCK_FILE",
    "MOST_REQUIREMENTS",
    "PYTHON_FILES",
    "R_FILE",
    "UV_LOCK",
    "Specification",
    "Wanted",
]
