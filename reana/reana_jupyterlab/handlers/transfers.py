"""Watching and ending what runs in the background."""

import tornado.web

from .base import ReanaHandler

LONGEST_WAIT = 30


class TransfersHandler(ReanaHandler):
    """All uploads and downloads."""

    @tornado.web.authenticated
    async def get(self) -> None:
        """List them, newest first."""
        self.answer({"transfers": [transfer.as_json() for transfer in self.services.transfers.list()]})


class TransferHandler(ReanaHandler):
    """One upload or download."""

    known_query = {"GET": ("since", "wait")}

    @tornado.web.authenticated
    async def get(self, identifier: str) -> None:
        """Return it; with `?since=<version>` as soon as it has changed, at the latest after `?wait=` seconds."""
        if not self.query("since"):
            self.answer(self.services.transfers.get(identifier).as_json())
            return
        since = self.count("since", 0) if self.query("since") != "0" else 0
        seconds = self.count("wait", LONGEST_WAIT, most=LONGEST_WAIT)
        transfer = await self.services.transfers.wait(identifier, since=since, seconds=seconds)
        self.answer(transfer.as_json())

    @tornado.web.authenticated
    async def delete(self, identifier: str) -> None:
        """Cancel it; what was half-written is gone when the answer comes."""
        self.answer((await self.services.transfers.cancel(identifier)).as_json())
