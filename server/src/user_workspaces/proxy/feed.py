"""Keeps the proxy's table in step with the database: what is watched is the rows, so nothing is missed."""

import logging
import threading
from collections.abc import Callable
from functools import partial

from django.db import close_old_connections, connections
from django.db.utils import InterfaceError, OperationalError

from user_workspaces.jobs.addresses import base_path
from user_workspaces.jobs.queries import answering_sessions
from user_workspaces.proxy.routes import Route, RouteTable

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
        )
        for session in answering_sessions()
    ]


class Feed:
    """A thread that reads the rows and hands the whole table over in the event loop."""

    def __init__(self, table: RouteTable, run_in_loop: Callable[[Callable[[], None]], object]) -> None:
        self._table = table
        self._run_in_loop = run_in_loop
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="routes", daemon=True)

    def start(self) -> None:
        """Begin to follow the rows."""
        self._thread.start()

    def stop(self) -> None:
        """Let go."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        """A database that is away for a moment cuts nobody off: the table stays as it was read last."""
        while not self._stopping.is_set():
            try:
                routes = read_routes()
            except (OperationalError, InterfaceError):
                logger.exception("the routes could not be read; sessions stay as they are")
                close_old_connections()
            else:
                self._run_in_loop(partial(self._table.replace, routes))
            self._stopping.wait(LOOK_EVERY)
        connections.close_all()
