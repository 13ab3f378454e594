"""What the handlers share: settings, the connection, transfers that run on, and the directory that Jupyter serves."""

from dataclasses import dataclass
from pathlib import Path

from .config import ReanaJupyterLab
from .connections import Connections
from .reana.rooted import Root
from .transfers import Transfers


@dataclass(frozen=True)
class Services:
    """One for each Jupyter server."""

    config: ReanaJupyterLab
    connections: Connections
    transfers: Transfers
    root_dir: str

    @property
    def root(self) -> Root:
        """Return the directory below which files are read and written: Jupyter's root, not the process's own."""
        return Root(Path(self.root_dir).expanduser())

    async def aclose(self) -> None:
        """End what runs and close all connections."""
        await self.transfers.aclose()
        await self.connections.aclose()
