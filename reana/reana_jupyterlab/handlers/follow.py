"""Streams the state and the new log text of a run as server-sent events until it ends."""

import asyncio
import json
from dataclasses import dataclass, field

import tornado.iostream
import tornado.web

from reana_jupyterlab.reana import ReanaClient
from reana_jupyterlab.reana.errors import CredentialsRejected, NotFound, ReanaError
from reana_jupyterlab.reana.logs import LogText, RunLogs
from reana_jupyterlab.reana.values import ENDED

from .base import ReanaHandler
from .serializers import job_json, workflow_json

MAX_PAUSE_S = 60
OVERLAP_LENGTH = 4096
"""Characters compared to detect that a log continues: a server may return only the end of a long one."""
MAX_ERRORS = 8
# Each poll fetches all logs, so runs with long logs are polled less often.
PAUSE_PER_SECOND_OF_READING = 5


@dataclass
class Seen:
    """The state that the browser has received."""

    run: str = ""
    jobs: dict[str, dict[str, object]] = field(default_factory=dict)
    texts: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The length of each log, and its last characters."""


class FollowHandler(ReanaHandler):
    """Events `run` (state), `job` (its fields), `log` (`{job, text, reset}`; no job: the engine), `trouble`, `end`."""

    _running: "asyncio.Task[None] | None" = None

    @tornado.web.authenticated
    async def get(self, workflow: str) -> None:
        """Send events until the run ends or the browser disconnects."""
        client = await self.client()
        # An error must be raised before the first event: that event sends status 200.
        status = (await client.workflow(workflow)).status
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        # nginx would otherwise buffer the events.
        self.set_header("X-Accel-Buffering", "no")
        await self._send("hello", {"status": status})
        # A task of its own can be cancelled while it sleeps or waits for REANA.
        self._running = asyncio.ensure_future(self._follow(client, workflow))
        try:
            await self._running
        except (asyncio.CancelledError, tornado.iostream.StreamClosedError):
            return
        await tornado.web.RequestHandler.finish(self)

    def on_connection_close(self) -> None:
        """Stop polling REANA when the browser disconnects."""
        super().on_connection_close()
        if self._running is not None:
            self._running.cancel()

    async def _follow(self, client: ReanaClient, workflow: str) -> None:
        seen, troubles = Seen(), 0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                if await self._look(client, workflow, seen):
                    return
                troubles = 0
            except ReanaError as error:
                troubles += 1
                is_final = troubles >= MAX_ERRORS or isinstance(error, NotFound | CredentialsRejected)
                await self._send("trouble", {"message": error.message, "final": is_final})
                if is_final:
                    return
            pause = self.services.config.follow_interval * 2**troubles
            await asyncio.sleep(min(MAX_PAUSE_S, max(pause, PAUSE_PER_SECOND_OF_READING * (clock() - began))))

    async def _look(self, client: ReanaClient, workflow: str, seen: Seen) -> bool:
        """Send what is new; return True at the end. Reads the state first, so that the logs are complete."""
        run = await client.workflow(workflow)
        logs = await client.logs(workflow)
        state = workflow_json(run)
        if (text := json.dumps(state)) != seen.run:
            seen.run = text
            await self._send("run", state)
        await self._send_jobs(logs, seen)
        await self._send_text("", logs.engine, seen)
        if run.status in ENDED:
            await self._send("end", {"status": run.status})
            return True
        # A comment line: proxies close idle connections, and the page takes silence for a dead stream.
        await self._write(": still here\n\n")
        return False

    async def _send_jobs(self, logs: RunLogs, seen: Seen) -> None:
        for identifier, job in logs.jobs.items():
            if seen.jobs.get(identifier) != job.fields:
                seen.jobs[identifier] = dict(job.fields)
                await self._send("job", {"job": identifier, **job_json(job)})
            await self._send_text(identifier, job.log, seen)

    async def _send_text(self, job: str, log: LogText, seen: Seen) -> None:
        (told, last), kept = seen.texts.get(job, (0, "")), log.text()
        gained = log.length - told
        # The log continues if the text before the new part ends like the browser's copy. Otherwise the server truncated
        # or replaced the log, or more was added than is kept, and the browser has to start anew.
        before = kept[: len(kept) - gained] if gained else kept
        goes_on = 0 <= gained <= len(kept) and before.endswith(last[-len(before) :] if before else "")
        if goes_on and not gained:
            return
        seen.texts[job] = (log.length, kept[-OVERLAP_LENGTH:])
        await self._send("log", {"job": job, "text": kept[-gained:] if goes_on else kept, "reset": not goes_on})

    async def _send(self, event: str, data: object) -> None:
        await self._write(f"event: {event}\ndata: {json.dumps(data)}\n\n")

    async def _write(self, text: str) -> None:
        self.write(text)
        await self.flush()
