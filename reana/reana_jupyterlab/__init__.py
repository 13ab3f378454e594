"""REANA in JupyterLab: a Jupyter Server extension that talks to REANA, and a front end for JupyterLab 4."""

from ._version import __version__
from .const import FRONT_END
from .server import _load_jupyter_server_extension


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": FRONT_END}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "reana_jupyterlab"}]


__all__ = [
    "__version__",
    "_jupyter_labextension_paths",
    "_jupyter_server_extension_points",
    "_load_jupyter_server_extension",
]
