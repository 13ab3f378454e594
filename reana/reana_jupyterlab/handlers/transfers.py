"""Lists, polls and cancels background transfers."""

import tornado.web

from .base import ReanaHandler

MAX_WAIT_S = 30


class TransfersHandler(ReanaHandler):
    """All uploads and downloads."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """List them, newest first."""
        self.respond({"transfers": [transfer.as_json() for transfer in self.services.transfers.list()]})


class TransferHandler(ReanaHandler):
    """One upload or download."""

    known_query = {"GET": ("since", "wait")}

    @tornado.web.authenticated
    async def get(self, identifier: str) -> None:
        """Return its state; with `?since=<version>` wait for a change, at most `?wait=` seconds."""
        if not self.query("since"):
            self.respond(self.services.transfers.get(identifier).as_json())
            return
        since = self.count("since", 0) if self.query("since") != "0" else 0
        seconds = self.count("wait", MAX_WAIT_S, most=MAX_WAIT_S)
        transfer = await self.services.transfers.wait(identifier, since=since, seconds=seconds)
        self.respond(transfer.as_json())

    @tornado.web.authenticated
    async def delete(self, identifier: str) -> None:
        """Cancel it; partial files are removed before the response."""
        self.respond((await self.services.transfers.cancel(identifier)).as_json())
