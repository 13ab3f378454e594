"""A base environment that is never built, for tests that run no jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from user_workspaces.environments import layers
from user_workspaces.interfaces.environment import Base
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeJobType


@contextmanager
def base_environment(site: Registry, folder: Path, settings: Any) -> Iterator[Path]:
    """Give JupyterLab a base of Python 3.11 with the package `jupyterlab`, and the server an empty store."""
    base = folder / "base"
    (base / "lib" / "python3.11" / "site-packages" / "jupyterlab-4.5.0.dist-info").mkdir(parents=True)
    (base / "bin").mkdir()
    (base / "bin" / "python").touch()
    jupyter_lab = site.job_types.get("jupyter_lab")
    assert isinstance(jupyter_lab, FakeJobType)
    jupyter_lab.brings = Base(base)
    settings.DATA_DIR = folder
    layers.store.cache_clear()
    yield base
    layers.store.cache_clear()
