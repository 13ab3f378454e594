"""Makes the copies of shared workspaces: each in a thread of its own, a few at a time, under a lease."""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections
from django.db.utils import DatabaseError, InterfaceError
from django.utils import timezone

from user_workspaces.db.leases import lease_length
from user_workspaces.environments.overview import lock_for_copies
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.observability.warning_log import REFUSALS
from user_workspaces.quotas.reservation import Reservation, ReservationLost
from user_workspaces.sharing import leases
from user_workspaces.sharing.models import Share
from user_workspaces.sharing.open_copies import has_limit
from user_workspaces.sharing.queries import due_copies, due_withdrawals
from user_workspaces.workspaces.share_copies import clear_copy, fill_copy, size_to_copy, try_to_clear

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
SECONDS_TO_STOP = 10.0
MOST_AT_ONCE = 2
WITHDRAWN_A_PASS = 100
ALMOST = 99


def beat_seconds() -> float:
    """Return the seconds between two renewals of a lease: many fit into one lease, as each may fail."""
    return min(BEAT_SECONDS, lease_length().total_seconds() / 10)


def trusted_seconds() -> float:
    """Return the age at which a lease that could not be renewed is given up, before another worker takes it."""
    return lease_length().total_seconds() * 0.75


class CopyStopped(Exception):
    """It is not wanted any more, the lease was lost, or the controller is ending."""


@dataclass
class CopyProgress:
    """What a copy and the thread beside it tell each other."""

    expected: int
    """Bytes, as measured last; 0: not known."""
    copied: int = 0
    reservation: Reservation | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def report(self, copied: int) -> None:
        """Take note of the progress, and hold room for what is more than expected.

        Raises `CopyStopped`, and `QuotaExceeded`, `ReservationLost` as `Reservation.resize`.
        """
        self.copied = copied
        if self.stop.is_set():
            raise CopyStopped
        if self.reservation is not None:
            self.reservation.resize(copied, now=timezone.now())

    @property
    def percent(self) -> int:
        """How much is done, as far as one can tell: never all of it before it is said to be ready."""
        return min(ALMOST, 100 * self.copied // self.expected) if self.expected else 0


@dataclass(frozen=True, slots=True)
class CopyFailure:
    """Why a copy could not be made."""

    message: str
    is_cleared: bool
    """Whether nothing of it is left on disk."""


class CopyTask:
    """One attempt at one copy. Whoever made this one holds the lease."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._flow = CopyProgress(expected=0)
        self._done = threading.Event()
        self._leasing = threading.Lock()
        """Whoever looks at the lease or renews it; its end is known by one side only for a moment."""
        self._thread = threading.Thread(target=self._run, name=f"copy-{share.pk}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to hand the copy back as soon as it can."""
        self._flow.stop.set()

    def wait(self, seconds: float) -> bool:
        """Return whether it ended within this time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._attempt()
        except (DatabaseError, InterfaceError):
            logger.exception("copy %s: the database does not answer; it starts over when the lease is over", self)
        finally:
            connections.close_all()

    def _attempt(self) -> None:
        """Copy under the lease, then say how it ended; if the lease was lost, somebody else says that."""
        share = self._share
        beat = threading.Thread(target=self._beat, name=f"lease-{share.pk}", daemon=True)
        beat.start()
        try:
            failure = self._make()
        finally:
            self._done.set()
            beat.join()
        if failure is not None:
            leases.fail(share, message=failure.message, is_cleared=failure.is_cleared)
        leases.hand_back(share, now=timezone.now())  # what is neither complete nor failed now

    def _make(self) -> CopyFailure | None:
        """Return why it could not be made; None when it is complete, or was stopped.

        A surprise must leave a share that says so, and nothing half made.
        """
        try:
            self._copy()
        except (CopyStopped, ReservationLost):
            return None
        except UserWorkspacesError as error:
            message = error.message
        except (DatabaseError, InterfaceError):
            raise
        except OSError as error:
            REFUSALS.warn(logger, f"copy {self}", error)
            message = "The file system answered with an error."
        except Exception:
            logger.exception("copy %s: it could not be made", self)
            message = "Something went wrong inside the server."
        else:
            return None
        if self._flow.stop.is_set():  # perhaps somebody else makes it already: not to be touched any more
            return None
        return CopyFailure(message, is_cleared=try_to_clear(self._share.copy))

    def _copy(self) -> None:
        share, flow = self._share, self._flow
        original = leases.original_of(share)
        clear_copy(share.copy)
        size = size_to_copy(original) if has_limit(share) else 0
        with self._leasing:
            flow.reservation = leases.reserve_disk(share, size=size, now=timezone.now())
        if flow.reservation is None:
            raise CopyStopped
        flow.expected = original.disk_space
        lock = lock_for_copies(original)
        filled = fill_copy(original=original, copy=share.copy, progress=flow.report, added=lock)
        with self._leasing:
            leases.complete(share, filled=filled, held=flow.reservation.size, now=timezone.now())

    def _beat(self) -> None:
        """Renew the lease and write the progress, once a second; stop the copy when the lease cannot be kept."""
        renewed = time.monotonic()
        while not self._done.wait(beat_seconds()):
            try:
                with self._leasing:
                    kept = leases.renew(self._share, now=timezone.now(), percent=self._flow.percent)
                if not kept:
                    self._flow.stop.set()
                renewed = time.monotonic()
            except (DatabaseError, InterfaceError):
                connections.close_all()
                if time.monotonic() - renewed > trusted_seconds():
                    self._flow.stop.set()
        connections.close_all()

    def __str__(self) -> str:
        return str(self._share.pk)


class CopyPool:
    """The copies that this controller makes at this time."""

    def __init__(self, *, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._running: list[CopyTask] = []

    def process_due(self, *, now: datetime) -> int:
        """Start what is due and what there is room for, remove what was withdrawn; return how much that was."""
        withdrawn = due_withdrawals(now=now, limit=WITHDRAWN_A_PASS)
        for share in withdrawn:
            leases.remove_withdrawn(share, now=now)
        self._running = [run for run in self._running if not run.wait(0)]
        started = [CopyTask(share) for share in self._due(now) if leases.claim(share, now=now)]
        for run in started:
            run.start()
        self._running += started
        return len(withdrawn) + len(started)

    def _due(self, now: datetime) -> list[Share]:
        reservation = self._most - len(self._running)
        return due_copies(now=now, limit=reservation) if reservation > 0 else []

    def wait(self, seconds: float) -> bool:
        """Return whether all that run ended, each within this time."""
        ended = [run.wait(seconds) for run in self._running]
        return all(ended)

    def stop(self) -> None:
        """Hand back what is not finished; the next controller starts it over."""
        for run in self._running:
            run.stop()
        self.wait(SECONDS_TO_STOP)
