"""Background uploads and downloads, which clients can poll, await and cancel."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

from .reana.errors import NotFound, ReanaError
from .reana.uploads import RunIsIncomplete
from .reana.values import JsonObject, Progress

KEPT = 100
TELL_EVERY_BYTES = 1024 * 1024

Work = Callable[[Callable[[Progress], None]], Awaitable[JsonObject]]


@dataclass
class Transfer:
    """One upload or download. `version` grows with each change, so that clients can wait for the next one."""

    id: str
    kind: str
    title: str
    state: str = "running"
    message: str = ""
    progress: Progress = field(default_factory=Progress)
    result: JsonObject = field(default_factory=dict)
    version: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None

    def as_json(self) -> JsonObject:
        """Return the state for clients."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "message": self.message,
            "version": self.version,
            "result": self.result,
            **asdict(self.progress),
        }

    def step(self, progress: Progress) -> None:
        """Set the progress."""
        self.progress = progress
        self.change()

    def change(self) -> None:
        """Wake all waiting requests."""
        self.version += 1
        # Waiting requests hold the old event and wake up; later ones wait for the next change.
        self.changed.set()
        self.changed = asyncio.Event()


class Transfers:
    """All transfers of a server; the oldest ended ones are dropped beyond a limit."""

    def __init__(self) -> None:
        self._all: dict[str, Transfer] = {}

    def start(self, work: Work, *, kind: str, title: str) -> Transfer:
        """Start a transfer; the work gets a progress callback and returns the result for clients."""
        transfer = Transfer(secrets.token_hex(8), kind, title)
        self._all[transfer.id] = transfer
        transfer.task = asyncio.create_task(_run(transfer, work))
        self._forget_old()
        return transfer

    def get(self, identifier: str) -> Transfer:
        """Return a transfer."""
        if identifier not in self._all:
            raise NotFound("Unknown transfer.")
        return self._all[identifier]

    def list(self) -> "list[Transfer]":
        """Return all, newest first."""
        return list(reversed(self._all.values()))

    async def wait(self, identifier: str, *, since: int, seconds: float) -> Transfer:
        """Return the transfer as soon as it has changed after version `since`, at the latest after `seconds`."""
        transfer = self.get(identifier)
        # Nothing suspends between this check and the wait, so no change in between is missed.
        if transfer.version <= since and transfer.state == "running":
            try:
                async with asyncio.timeout(seconds):
                    await transfer.changed.wait()
            except TimeoutError:
                pass
        return transfer

    async def cancel(self, identifier: str) -> Transfer:
        """Cancel a transfer and wait for its cleanup."""
        transfer = self.get(identifier)
        if transfer.task is not None and not transfer.task.done():
            transfer.task.cancel()
            # `wait` returns after the cleanup and does not raise the error of the task.
            await asyncio.wait([transfer.task])
        return transfer

    async def aclose(self) -> None:
        """Cancel all."""
        for identifier in list(self._all):
            await self.cancel(identifier)

    def _forget_old(self) -> None:
        # A dict keeps the order of insertion, so the oldest come first. Running transfers always stay.
        ended = [transfer.id for transfer in self._all.values() if transfer.state != "running"]
        for identifier in ended[: max(0, len(self._all) - KEPT)]:
            del self._all[identifier]


async def _run(transfer: Transfer, work: Work) -> None:
    try:
        transfer.result = await work(transfer.step)
        transfer.state, transfer.message = "done", str(transfer.result.get("message", ""))
    except asyncio.CancelledError:
        transfer.state, transfer.message = "cancelled", "Cancelled."
    except ReanaError as error:
        transfer.state, transfer.message = "failed", error.message
        if isinstance(error, RunIsIncomplete):
            transfer.result = error.as_json()
    finally:
        # An unexpected error must not leave the transfer running: clients would wait for ever.
        if transfer.state == "running":
            transfer.state, transfer.message = "failed", "Unexpected error. See the log of the Jupyter server."
        transfer.change()
