"""The controller's threads: one polls for due rows and wakes the workers that process them."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from django.conf import settings
from django.db import close_old_connections, connections
from django.db.models import Model
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from user_workspaces.accounts.expiry import clear_ended
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.controller.due import tables_with_due_rows
from user_workspaces.controller.environments import clear_environments, process_due_environments
from user_workspaces.controller.housekeeping import check_disk_use, process_due_workspaces, sweep_resources
from user_workspaces.controller.mail import send_due_mail
from user_workspaces.controller.predecessors import take_over
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.controller.runs import process_due_runs
from user_workspaces.db.leases import holding
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.jobs.models import Job
from user_workspaces.observability.metrics import PASSES, PASSES_FAILED
from user_workspaces.sharing.models import Share
from user_workspaces.workflows.lifecycle.orphans import sweep_workspaces
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.05
"""Seconds between two queries for due rows."""
IDLE_INTERVAL = 4 * POLL_INTERVAL
MAIL_INTERVAL = 2.0
ERROR_BACKOFF = 2.0
"""Seconds to wait after a failed pass."""
MAX_IDLE = 5.0
"""Seconds after which a worker runs a pass without being woken: some chores depend on the clock alone."""
SWEEP_INTERVAL = 300.0
TAKE_OVER_INTERVAL = 1.0
JOIN_SECONDS = 30.0


@dataclass(frozen=True)
class Worker:
    """Runs passes while they find work, then waits until it is woken."""

    run: Callable[[], int]
    """Runs one pass and returns the number of rows that it processed."""
    busy_interval: float
    """Seconds between two passes while there is work."""
    idle_interval: float
    """Seconds to wait after a pass without work. A row that is due but lacks capacity wakes the worker all the time."""
    wake: threading.Event = field(default_factory=threading.Event)


class Controller:
    """Runs until it is stopped. Several may run on one database: each row is claimed by one of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._swept_at = time.monotonic()
        # The first pass takes over at once; after a boot the monotonic clock is near 0.
        self._took_over_at = float("-inf")
        self._copies = CopyPool()
        self._workers: dict[type[Model], Worker] = {
            # Without pauses, because users wait for each step of a launch.
            Job: Worker(self._reconcile, busy_interval=0.0, idle_interval=0.0),
            Workspace: Worker(self._chores, POLL_INTERVAL, IDLE_INTERVAL),
            Share: Worker(self._share, POLL_INTERVAL, IDLE_INTERVAL),
            Run: Worker(self._runs, POLL_INTERVAL, IDLE_INTERVAL),
            PreparedEnvironment: Worker(self._environments, POLL_INTERVAL, IDLE_INTERVAL),
        }

    def stop_on_signals(self) -> None:
        """Let TERM and INT end the loop after the current pass; sessions keep running."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the loop after the current pass."""
        self._stopping.set()

    def run(self) -> None:
        """Process due rows until `stop`; while the database is unavailable, wait for it.

        Measuring a large workspace must not delay a launch, nor a slow mail server a copy: each has its own thread.
        """
        threads = [
            threading.Thread(target=self._poll, name="due-rows", daemon=True),
            self._thread("housekeeping", self._workers[Workspace]),
            threading.Thread(target=self._run_shares, name="sharing", daemon=True),
            self._thread("runs", self._workers[Run]),
            self._thread("environments", self._workers[PreparedEnvironment]),
            threading.Thread(target=self._run_mail, name="mail", daemon=True),
        ]
        # Held until the workers have ended: rows of a holder without a lock are taken over at once.
        with holding(settings.CONTROLLERS_DIR):
            for thread in threads:
                thread.start()
            self._run_worker(self._workers[Job])
            for thread in threads:
                # A thread that hangs does not keep the process from ending: a successor releases its leases.
                thread.join(timeout=JOIN_SECONDS)

    def _thread(self, name: str, worker: Worker) -> threading.Thread:
        return threading.Thread(target=self._run_worker, args=(worker,), name=name, daemon=True)

    def _poll(self) -> None:
        """Wake the workers that have due rows; at the end wake all of them, so that they see the end."""
        while not self._stopping.is_set():
            self._stopping.wait(POLL_INTERVAL if _guarded(self._wake_workers) is not None else ERROR_BACKOFF)
        for worker in self._workers.values():
            worker.wake.set()
        connections.close_all()

    def _wake_workers(self) -> int:
        if time.monotonic() - self._took_over_at > TAKE_OVER_INTERVAL:
            # Set before the work: after an error it waits for the next interval as well.
            self._took_over_at = time.monotonic()
            take_over(settings.CONTROLLERS_DIR, now=timezone.now())
        due = tables_with_due_rows(now=timezone.now())
        for table in due:
            self._workers[table].wake.set()
        return len(due)

    def _run_worker(self, worker: Worker) -> None:
        while not self._stopping.is_set():
            worker.wake.clear()  # before the pass: a row that becomes due during the pass is not missed
            match _guarded(worker.run):
                case None:
                    self._stopping.wait(ERROR_BACKOFF)
                case 0:
                    self._stopping.wait(worker.idle_interval)
                    worker.wake.wait(MAX_IDLE)
                case _:
                    self._stopping.wait(worker.busy_interval)
        connections.close_all()

    def _run_shares(self) -> None:
        self._run_worker(self._workers[Share])
        self._copies.stop()

    def _run_mail(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(POLL_INTERVAL if _guarded(self._mail) else MAIL_INTERVAL)
        connections.close_all()

    def _reconcile(self) -> int:
        start = time.perf_counter()
        count = reconcile_jobs(now=timezone.now())
        if count:
            PASSES.observe(time.perf_counter() - start)
        return count

    def _chores(self) -> int:
        now = timezone.now()
        if time.monotonic() - self._swept_at > SWEEP_INTERVAL:
            # Set before the work: a sweep that fails is not repeated in every pass.
            self._swept_at = time.monotonic()
            sweep_resources()
            check_disk_use(now=now)
            sweep_workspaces(now=now)
            clear_ended(now=now)
            clear_environments(now=now)
        return process_due_workspaces(now=now)

    def _share(self) -> int:
        return self._copies.process_due(now=timezone.now())

    def _runs(self) -> int:
        return process_due_runs(now=timezone.now())

    def _environments(self) -> int:
        return process_due_environments(now=timezone.now())

    def _mail(self) -> int:
        return send_due_mail(now=timezone.now())


def _guarded(run_pass: Callable[[], int]) -> int | None:
    """Return the number of rows that a pass processed; None if the pass failed. No error ends the loop."""
    close_old_connections()  # drops a connection that the database has closed since the last pass
    try:
        return run_pass()
    except (OperationalError, InterfaceError):
        # Connections belong to a thread: only this one can drop its broken connection, before the next pass uses it.
        logger.exception("the database is not available; trying again")
        PASSES_FAILED.inc()
        close_old_connections()
    except Exception:  # a bug in one pass must not end the controller
        logger.exception("a pass failed; trying again")
        PASSES_FAILED.inc()
    return None
