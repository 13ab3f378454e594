"""Keeps the proxy's route table up to date by polling the database, so that no change can be missed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import close_old_connections, connections
from django.db.utils import InterfaceError, OperationalError

from user_workspaces.jobs.queries import ready_sessions
from user_workspaces.jobs.session_urls import base_path, is_served_by_path, session_host
from user_workspaces.observability.warning_log import WARNINGS
from user_workspaces.proxy.routing.routes import Route, RouteTable

logger = logging.getLogger(__name__)

# In seconds. For about so long, connections outlive a logout or the end of their session.
POLL_INTERVAL = 0.2


def read_routes() -> list[Route]:
    """Return the routes of all ready sessions in the database."""
    return [
        Route(
            job_id=session.job_id,
            owner_id=session.owner_id,
            epoch=session.epoch,
            base_path=base_path(resource=session.resource, job_id=session.job_id),
            endpoint=session.endpoint,
            host=session_host(resource=session.resource, job_id=session.job_id).encode("ascii"),
            port=session.port,
            by_path=is_served_by_path(session.resource),
        )
        for session in ready_sessions()
    ]


class RouteWatcher:
    """A thread that reads the routes and replaces the table in the event loop."""

    def __init__(self, table: RouteTable, run_in_loop: Callable[[Callable[[], None]], object]) -> None:
        self._table = table
        self._run_in_loop = run_in_loop
        self._stopping = False
        self._wanted = threading.Event()
        self._updated = threading.Condition()
        self._rounds_started = self._rounds_done = 0
        self._thread = threading.Thread(target=self._run, name="routes", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping = True
        self._wanted.set()
        self._thread.join(timeout=5)

    def catch_up(self, *, within: float) -> None:
        """Wait until the table has the current state of the database, at most `within` seconds."""
        with self._updated:
            # The current round may have read the rows before the caller's change: only a later round counts.
            wanted = self._rounds_started + 1
            self._wanted.set()
            self._updated.wait_for(lambda: self._rounds_done >= wanted, timeout=within)

    def _run(self) -> None:
        """Poll until `stop`. While the database is unavailable, the table stays as it is."""
        while not self._stopping:
            # The event is cleared before the query, so that a request during the query starts another round.
            self._wanted.clear()
            with self._updated:
                self._rounds_started += 1
                this_round = self._rounds_started
            try:
                routes = read_routes()
            except (OperationalError, InterfaceError) as error:
                WARNINGS.warn(logger, "the routes cannot be read; running sessions stay reachable", error)
                # This drops a broken connection; the next round opens a new one.
                close_old_connections()
            else:
                self._run_in_loop(partial(self._take, routes, this_round))
            self._wanted.wait(POLL_INTERVAL)
        connections.close_all()

    def _take(self, routes: list[Route], this_round: int) -> None:
        self._table.replace(routes)
        with self._updated:
            self._rounds_done = max(self._rounds_done, this_round)
            self._updated.notify_all()


@dataclass(slots=True)
class _Process:
    """The route watcher of this web process; None in a process without a proxy."""

    watcher: RouteWatcher | None = None


_process = _Process()


def install(watcher: RouteWatcher | None) -> None:
    """Set the route watcher of the process."""
    _process.watcher = watcher


def catch_up(*, within: float = 2.0) -> None:
    """Update the routes of this process's proxy now: a session may have become ready since the last poll."""
    if _process.watcher is not None:
        _process.watcher.catch_up(within=within)
