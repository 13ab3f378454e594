"""The controller's loop: work while there is some, look often, sweep now and then, stop between two passes."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from django.db import close_old_connections, connections
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from user_workspaces.controller.housekeeping import sweep_resources, tend_workspaces
from user_workspaces.controller.reconcile import reconcile_jobs

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.05
REST = 2.0
SWEEP_EVERY = timedelta(minutes=5)


class Controller:
    """Runs until it is told to stop. Several may run on one database: each row is claimed by one of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._swept_at = timezone.now()

    def stop_on_signals(self) -> None:
        """Let TERM and INT end the loop after the current pass; sessions go on."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the loop after the current pass."""
        self._stopping.set()

    def run(self) -> None:
        """Loop. A database that is away is waited for; what is in it is not touched meanwhile."""
        chores = threading.Thread(target=self._tend, name="housekeeping", daemon=True)
        chores.start()
        while not self._stopping.is_set():
            self._stopping.wait(_guarded(self._reconcile))
        chores.join(timeout=30)

    def _tend(self) -> None:
        """Measuring a large workspace must not keep a launch waiting: chores have their own thread."""
        while not self._stopping.is_set():
            self._stopping.wait(_guarded(self._chores))
        connections.close_all()

    def _reconcile(self) -> float:
        busy = reconcile_jobs(now=timezone.now())
        return 0.0 if busy else LOOK_EVERY

    def _chores(self) -> float:
        now = timezone.now()
        if now - self._swept_at > SWEEP_EVERY:
            self._swept_at = now
            sweep_resources()
        return LOOK_EVERY if tend_workspaces(now=now) else LOOK_EVERY * 4


def _guarded(work: Callable[[], float]) -> float:
    """Return how long to wait after a pass, in seconds. Nothing ends the loop but the wish to end it."""
    try:
        return work()
    except (OperationalError, InterfaceError):
        logger.exception("the database does not answer; trying again")
        close_old_connections()
        return REST
    except Exception:  # the loop outlives every surprise, and tells it
        logger.exception("a pass failed; trying again")
        return REST
