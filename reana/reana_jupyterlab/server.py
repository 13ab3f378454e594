"""Loads the extension into a running Jupyter server."""

from jupyter_server.serverapp import ServerApp

from .config import ReanaJupyterLab
from .connections import Connections
from .handlers import setup_handlers
from .services import Services
from .transfers import Transfers


def _load_jupyter_server_extension(server_app: ServerApp) -> None:
    """Register the handlers. No request is sent to REANA before a user causes it."""
    config = ReanaJupyterLab(parent=server_app)
    services = Services(
        config=config,
        connections=Connections(config=config),
        transfers=Transfers(),
        root_dir=server_app.root_dir,
    )
    setup_handlers(server_app.web_app, services)
    server_app.log.info("The REANA extension is loaded.")
