"""Copies shared workspaces: each in its own thread, a few at a time, under a lease."""

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
from user_workspaces.observability.warning_log import WARNINGS
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
MAX_PERCENT = 99


def beat_seconds() -> float:
    """Return the seconds between two renewals of a lease: many fit into one lease, as each may fail."""
    return min(BEAT_SECONDS, lease_length().total_seconds() / 10)


def trusted_seconds() -> float:
    """Return the age at which a lease that could not be renewed is given up, before another worker takes it."""
    # Less than the whole lease: the copying thread needs time to notice the stop.
    return lease_length().total_seconds() * 0.75


class CopyStopped(Exception):
    """The copy was withdrawn, its lease was lost, or the controller is stopping."""


@dataclass
class CopyProgress:
    """State shared by the copying thread and the thread that renews its lease."""

    expected: int
    """Size in bytes by the last measurement; 0 if unknown."""
    copied: int = 0
    reservation: Reservation | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def report(self, copied: int) -> None:
        """Store the progress in bytes, and extend the reservation if the copy is larger than expected.

        Raises `CopyStopped`, and `QuotaExceeded`, `ReservationLost` as `Reservation.resize`.
        """
        self.copied = copied
        if self.stop.is_set():
            raise CopyStopped
        if self.reservation is not None:
            self.reservation.resize(copied, now=timezone.now())

    @property
    def percent(self) -> int:
        """Estimated progress, at most 99: only `leases.complete` sets 100."""
        return min(MAX_PERCENT, 100 * self.copied // self.expected) if self.expected else 0


@dataclass(frozen=True, slots=True)
class CopyFailure:
    """The reason why a copy failed."""

    message: str
    is_cleared: bool
    """True if no file of it is left on disk."""


class CopyTask:
    """One attempt at one copy. Its creator has claimed the lease."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._progress = CopyProgress(expected=0)
        self._done = threading.Event()
        self._lease_lock = threading.Lock()
        """Serializes uses of the lease: `share.next_check_at` identifies it, and is stale during a renewal."""
        # A daemon: a copy that hangs in the file system must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"copy-{share.pk}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to stop and to release the copy."""
        self._progress.stop.set()

    def wait(self, seconds: float) -> bool:
        """Return whether the thread ended within this time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._attempt()
        except (DatabaseError, InterfaceError):
            logger.exception("copy %s: the database is not available; the copy starts over when its lease ends", self)
        finally:
            connections.close_all()

    def _attempt(self) -> None:
        """Copy under the lease, then record the result; if the lease was lost, its new holder does."""
        share = self._share
        beat = threading.Thread(target=self._beat, name=f"lease-{share.pk}", daemon=True)
        beat.start()
        try:
            failure = self._make()
        finally:
            self._done.set()
            # The renewals end first: each of them changes the due time that identifies the lease in the calls below.
            beat.join()
        if failure is not None:
            leases.fail(share, message=failure.message, is_cleared=failure.is_cleared)
        leases.hand_back(share, now=timezone.now())  # no-op for a copy that is complete or failed

    def _make(self) -> CopyFailure | None:
        """Return the failure, or None if the copy is complete or was stopped.

        After an unexpected error, too, the share gets a message and no partial copy is left.
        """
        try:
            self._copy()
        # Neither is a failure of the copy: it was withdrawn, or the next holder of the lease starts it over.
        except (CopyStopped, ReservationLost):
            return None
        except UserWorkspacesError as error:
            message = error.message
        # Without a database no failure can be recorded: the lease ends by time, and the copy starts over.
        except (DatabaseError, InterfaceError):
            raise
        except OSError as error:
            WARNINGS.warn(logger, f"copy {self}", error)
            message = "The file system reported an error."
        except Exception:
            logger.exception("copy %s failed", self)
            message = "Something went wrong inside the server."
        else:
            return None
        if self._progress.stop.is_set():  # another worker may own these files by now
            return None
        return CopyFailure(message, is_cleared=try_to_clear(self._share.copy))

    def _copy(self) -> None:
        share, progress = self._share, self._progress
        original = leases.original_of(share)
        # A controller that was killed may have left a part of an earlier attempt.
        clear_copy(share.copy)
        # Only a limit needs the exact size: reading the tree of a large workspace takes long.
        size = size_to_copy(original) if has_limit(share) else 0
        with self._lease_lock:
            progress.reservation = leases.reserve_disk(share, size=size, now=timezone.now())
        if progress.reservation is None:
            raise CopyStopped
        # The last measurement is accurate enough for a percentage.
        progress.expected = original.disk_space
        lock = lock_for_copies(original)
        filled = fill_copy(original=original, copy=share.copy, progress=progress.report, added=lock)
        with self._lease_lock:
            leases.complete(share, filled=filled, held=progress.reservation.size, now=timezone.now())

    def _beat(self) -> None:
        """Renew the lease and store the progress regularly; stop the copy when the lease cannot be kept."""
        # Not the time of day: when that is set back, an old lease would look fresh.
        renewed = time.monotonic()
        while not self._done.wait(beat_seconds()):
            try:
                with self._lease_lock:
                    kept = leases.renew(self._share, now=timezone.now(), percent=self._progress.percent)
                if not kept:
                    self._progress.stop.set()
                renewed = time.monotonic()
            except (DatabaseError, InterfaceError):
                # Django keeps a broken connection: only after this does the next renewal open a new one.
                connections.close_all()
                if time.monotonic() - renewed > trusted_seconds():
                    self._progress.stop.set()
        connections.close_all()

    def __str__(self) -> str:
        return str(self._share.pk)


class CopyPool:
    """The running copies of this controller."""

    def __init__(self, *, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._running: list[CopyTask] = []

    def process_due(self, *, now: datetime) -> int:
        """Start due copies while slots are free, and remove withdrawn ones; return the number of both."""
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
        free_slots = self._most - len(self._running)
        return due_copies(now=now, limit=free_slots) if free_slots > 0 else []

    def wait(self, seconds: float) -> bool:
        """Return whether all running copies ended, each within this time."""
        ended = [run.wait(seconds) for run in self._running]
        return all(ended)

    def stop(self) -> None:
        """Release unfinished copies; the next controller starts them over."""
        for run in self._running:
            run.stop()
        self.wait(SECONDS_TO_STOP)
