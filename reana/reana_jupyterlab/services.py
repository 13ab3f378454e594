"""Objects shared by all handlers: settings, connections, background transfers and Jupyter's root directory."""

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
        """Return the root of all file access: Jupyter's root directory, not the working directory of the process."""
        return Root(Path(self.root_dir).expanduser())

    async def aclose(self) -> None:
        """Cancel all transfers and close all connections."""
        await self.transfers.aclose()
        await self.connections.aclose()
