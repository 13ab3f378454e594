"""The controller's loops: one that looks often, and those that work when it calls, until they are told to stop."""

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

LOOK_EVERY = 0.05
SELDOM = 4 * LOOK_EVERY
MAIL_EVERY = 2.0
REST = 2.0
"""After a failure."""
LONGEST_REST = 5.0
"""Whoever was not called works a pass all the same: some chores come by the clock."""
SWEEP_EVERY = 300.0
TAKE_OVER_EVERY = 1.0


@dataclass(frozen=True)
class Worker:
    """Work that is done, pass by pass, as long as there is some; then it waits to be called."""

    work: Callable[[], int]
    """Returns how much there was."""
    breath: float
    """Seconds between two passes while there is some."""
    pause: float
    """Seconds after a pass for nothing: what is due and cannot be done yet, for want of room, calls all the time."""
    called: threading.Event = field(default_factory=threading.Event)


class Controller:
    """Runs until it is told to stop. Several may run on one database: each row is claimed by one of them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._swept_at = time.monotonic()
        self._took_over_at = float("-inf")
        self._copies = CopyPool()
        self._duties: dict[type[Model], Worker] = {
            Job: Worker(self._reconcile, breath=0.0, pause=0.0),
            Workspace: Worker(self._chores, breath=LOOK_EVERY, pause=SELDOM),
            Share: Worker(self._share, breath=LOOK_EVERY, pause=SELDOM),
            Run: Worker(self._runs, breath=LOOK_EVERY, pause=SELDOM),
            PreparedEnvironment: Worker(self._environments, breath=LOOK_EVERY, pause=SELDOM),
        }

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
        """Loop. A database that is away is waited for; what is in it is not touched meanwhile.

        Measuring a large workspace must not keep a launch waiting, nor a mail server a copy: each has its thread.
        """
        besides = [
            threading.Thread(target=self._poll, name="lookout", daemon=True),
            threading.Thread(target=self._attend, args=(self._duties[Workspace],), name="housekeeping", daemon=True),
            threading.Thread(target=self._attend_to_shares, name="sharing", daemon=True),
            threading.Thread(target=self._attend, args=(self._duties[Run],), name="runs", daemon=True),
            threading.Thread(
                target=self._attend, args=(self._duties[PreparedEnvironment],), name="environments", daemon=True
            ),
            threading.Thread(target=self._deliver, name="mail", daemon=True),
        ]
        with holding(settings.CONTROLLERS_DIR):
            for thread in besides:
                thread.start()
            self._attend(self._duties[Job])
            for thread in besides:
                thread.join(timeout=30)

    def _poll(self) -> None:
        """Call whoever has something to do; at the end everybody, for them to see that it is the end."""
        while not self._stopping.is_set():
            self._stopping.wait(LOOK_EVERY if _guarded(self._find_due) is not None else REST)
        for duty in self._duties.values():
            duty.called.set()
        connections.close_all()

    def _find_due(self) -> int:
        if time.monotonic() - self._took_over_at > TAKE_OVER_EVERY:
            self._took_over_at = time.monotonic()
            take_over(settings.CONTROLLERS_DIR, now=timezone.now())
        due = tables_with_due_rows(now=timezone.now())
        for table in due:
            self._duties[table].called.set()
        return len(due)

    def _attend(self, duty: Worker) -> None:
        while not self._stopping.is_set():
            duty.called.clear()
            match _guarded(duty.work):
                case None:
                    self._stopping.wait(REST)
                case 0:
                    self._stopping.wait(duty.pause)
                    duty.called.wait(LONGEST_REST)
                case _:
                    self._stopping.wait(duty.breath)
        connections.close_all()

    def _attend_to_shares(self) -> None:
        self._attend(self._duties[Share])
        self._copies.stop()

    def _deliver(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(LOOK_EVERY if _guarded(self._mail) else MAIL_EVERY)
        connections.close_all()

    def _reconcile(self) -> int:
        began = time.perf_counter()
        busy = reconcile_jobs(now=timezone.now())
        if busy:
            PASSES.observe(time.perf_counter() - began)
        return busy

    def _chores(self) -> int:
        now = timezone.now()
        if time.monotonic() - self._swept_at > SWEEP_EVERY:
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


def _guarded(work: Callable[[], int]) -> int | None:
    """Return how much there was to do in a pass; None: it failed. Nothing ends the loop but the wish to end it."""
    close_old_connections()  # what has rested is asked first: the database may have been away meanwhile
    try:
        return work()
    except (OperationalError, InterfaceError):
        logger.exception("the database does not answer; trying again")
        PASSES_FAILED.inc()
        close_old_connections()
    except Exception:  # the loop outlives every surprise, and tells it
        logger.exception("a pass failed; trying again")
        PASSES_FAILED.inc()
    return None
