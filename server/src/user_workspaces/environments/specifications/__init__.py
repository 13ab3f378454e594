"""Parsers for files with the packages of a workspace: from bytes to requirements, without I/O."""

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
