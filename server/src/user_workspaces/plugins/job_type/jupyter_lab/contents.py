"""The contents of the JupyterLab environments that the server builds."""

from pathlib import Path

from user_workspaces.environment_store.recipes import Contents
from user_workspaces.plugins.job_type.jupyter_lab import compression

LOCK = Path(__file__).with_name("requirements.lock")
WHEELS = Path(__file__).with_name("wheels")
"""The folder in which `scripts/install` puts the wheel of the REANA extension; without it, sessions lack its panel."""
TRIAL = "import jupyterlab.labapp, jupyter_server.auth.identity, ipykernel"


def extension(folder: Path = WHEELS) -> Path | None:
    """Return the wheel of the REANA extension; None if it was not built."""
    return min(folder.glob("reana_jupyterlab-*.whl"), default=None)


def contents() -> Contents:
    """Return the contents; looks for the wheel each time, since it may have been built meanwhile."""
    return Contents(LOCK, TRIAL, wheel=extension(), compress=Path(compression.__file__))
