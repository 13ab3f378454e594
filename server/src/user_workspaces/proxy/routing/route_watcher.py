"""Keeps the proxy's table in step with the database: what is watched is the rows, so nothing is missed."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import close_old_connections, connections
from django.db.utils import InterfaceError, OperationalError

from user_workspaces.jobs.queries import ready_sessions
from user_workspaces.jobs.session_urls import base_path, is_served_by_path, session_host
from user_workspaces.observability.warning_log import REFUSALS
from user_workspaces.proxy.routing.routes import Route, RouteTable

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.2


def read_routes() -> list[Route]:
    """Return every session that answers, as the database has it now."""
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
    """A thread that reads the rows and hands the whole table over in the event loop."""

    def __init__(self, table: RouteTable, run_in_loop: Callable[[Callable[[], None]], object]) -> None:
        self._table = table
        self._run_in_loop = run_in_loop
        self._stopping = False
        self._wanted = threading.Event()
        self._fed = threading.Condition()
        self._rounds_begun = self._rounds_done = 0
        self._thread = threading.Thread(target=self._run, name="routes", daemon=True)

    def start(self) -> None:
        """Begin to follow the rows."""
        self._thread.start()

    def stop(self) -> None:
        """Let go."""
        self._stopping = True
        self._wanted.set()
        self._thread.join(timeout=5)

    def catch_up(self, *, within: float) -> None:
        """Return when the table holds what the rows say now, or after `within` seconds."""
        with self._fed:
            wanted = self._rounds_begun + 1
            self._wanted.set()
            self._fed.wait_for(lambda: self._rounds_done >= wanted, timeout=within)

    def _run(self) -> None:
        """A database that is away for a moment cuts nobody off: the table stays as it was read last."""
        while not self._stopping:
            self._wanted.clear()
            with self._fed:
                self._rounds_begun += 1
                this_round = self._rounds_begun
            try:
                routes = read_routes()
            except (OperationalError, InterfaceError) as error:
                REFUSALS.warn(logger, "the routes cannot be read; sessions stay as they are", error)
                close_old_connections()
            else:
                self._run_in_loop(partial(self._take, routes, this_round))
            self._wanted.wait(LOOK_EVERY)
        connections.close_all()

    def _take(self, routes: list[Route], this_round: int) -> None:
        self._table.replace(routes)
        with self._fed:
            self._rounds_done = max(self._rounds_done, this_round)
            self._fed.notify_all()


@dataclass(slots=True)
class _Process:
    """The feed of this web process; a process without a proxy has none."""

    feed: RouteWatcher | None = None


_process = _Process()


def install(feed: RouteWatcher | None) -> None:
    """Make this the feed of the process."""
    _process.feed = feed


def catch_up(*, within: float = 2.0) -> None:
    """Have the proxy of this process know what the rows say now: a session may have answered this very moment."""
    if _process.feed is not None:
        _process.feed.catch_up(within=within)
