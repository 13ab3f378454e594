"""Packages the prebuilt front end, so that building needs no Node."""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LABEXTENSION = "reana_jupyterlab/labextension"
SKIP = "REANA_JUPYTERLAB_SKIP_FRONT_END"
SHARED = "share/jupyter/labextensions/reana-jupyterlab"


class FrontEndHook(BuildHookInterface[Any]):
    """Installs the front end where JupyterLab looks for it; fails if it has not been built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the front end to the wheel."""
        built = Path(self.root) / LABEXTENSION
        is_skipped = os.environ.get(SKIP) == "1" or version == "editable"
        if not (built / "package.json").is_file():
            if is_skipped:
                return
            raise SystemExit(
                f"The front end has not been built: {LABEXTENSION}/package.json is missing. Build it first "
                f"(`jlpm install && jlpm build:prod`), or set {SKIP}=1 for a package with the server's part only."
            )
        if self.target_name == "wheel" and version != "editable":
            build_data["shared_data"][LABEXTENSION] = SHARED
            build_data["shared_data"]["install.json"] = f"{SHARED}/install.json"
