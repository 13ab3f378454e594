"""The controller's loop: work while there is some, look often, sweep now and then, stop between two passes."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from django.db import close_old_connections, connections
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from user_workspaces.accounts.clearing import clear_ended
from user_workspaces.controller.copying import Copies
from user_workspaces.controller.housekeeping import look_after_disk_use, sweep_resources, tend_workspaces
from user_workspaces.controller.mailing import send_due_mail
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.controller.runs import tend_runs
from user_workspaces.observing.metrics import PASSES, PASSES_FAILED
from user_workspaces.workflows.sweeping import sweep_workspaces

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.05
REST = 2.0
SWEEP_EVERY = timedelta(minutes=5)


class Controller:
    """Runs until it is told to stop. Several may run on one database: each row is claimed by one of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._swept_at = timezone.now()
        self._copies = Copies()

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
        besides = [
            threading.Thread(target=self._tend, args=(self._chores,), name="housekeeping", daemon=True),
            threading.Thread(target=self._tend_shares, name="sharing", daemon=True),
            threading.Thread(target=self._tend, args=(self._runs,), name="runs", daemon=True),
            threading.Thread(target=self._tend, args=(self._mail,), name="mail", daemon=True),
        ]
        for thread in besides:
            thread.start()
        while not self._stopping.is_set():
            self._stopping.wait(_guarded(self._reconcile))
        for thread in besides:
            thread.join(timeout=30)

    def _tend(self, work: Callable[[], float]) -> None:
        """Measuring a large workspace must not keep a launch waiting, nor a mail server a copy: each has its thread."""
        while not self._stopping.is_set():
            self._stopping.wait(_guarded(work))
        connections.close_all()

    def _tend_shares(self) -> None:
        self._tend(self._share)
        self._copies.stop()

    def _reconcile(self) -> float:
        began = time.perf_counter()
        busy = reconcile_jobs(now=timezone.now())
        if busy:
            PASSES.observe(time.perf_counter() - began)
        return 0.0 if busy else LOOK_EVERY

    def _chores(self) -> float:
        now = timezone.now()
        if now - self._swept_at > SWEEP_EVERY:
            self._swept_at = now
            sweep_resources()
            look_after_disk_use(now=now)
            sweep_workspaces(now=now)
            clear_ended(now=now)
        return LOOK_EVERY if tend_workspaces(now=now) else LOOK_EVERY * 4

    def _share(self) -> float:
        return LOOK_EVERY if self._copies.tend(now=timezone.now()) else LOOK_EVERY * 4

    def _runs(self) -> float:
        return LOOK_EVERY if tend_runs(now=timezone.now()) else LOOK_EVERY * 4

    def _mail(self) -> float:
        return LOOK_EVERY if send_due_mail(now=timezone.now()) else REST


def _guarded(work: Callable[[], float]) -> float:
    """Return how long to wait after a pass, in seconds. Nothing ends the loop but the wish to end it."""
    try:
        return work()
    except (OperationalError, InterfaceError):
        logger.exception("the database does not answer; trying again")
        PASSES_FAILED.inc()
        close_old_connections()
        return REST
    except Exception:  # the loop outlives every surprise, and tells it
        logger.exception("a pass failed; trying again")
        PASSES_FAILED.inc()
        return REST
