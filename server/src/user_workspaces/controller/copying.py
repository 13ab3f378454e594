"""Makes the copies of shared workspaces: each in a thread of its own, a few at a time, under a lease."""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections
from django.db.utils import DatabaseError, InterfaceError
from django.utils import timezone

from user_workspaces.errors import InvalidRequest, UserWorkspacesError
from user_workspaces.sharing import leases
from user_workspaces.sharing.models import Share
from user_workspaces.sharing.queries import due_copies, due_withdrawals
from user_workspaces.workspaces.copies import empty_copy, fill_copy
from user_workspaces.workspaces.models import Workspace

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
TRUSTED_SECONDS = leases.LEASE.total_seconds() * 0.75
"""How long a lease that could not be renewed is still believed in."""
SECONDS_TO_STOP = 10.0
MOST_AT_ONCE = 2
WITHDRAWN_A_PASS = 100
ALMOST = 99


class CopyStopped(Exception):
    """It is not wanted any more, the lease was lost, or the controller is ending."""


@dataclass
class Flow:
    """What a copy and the thread beside it tell each other."""

    expected: int
    """Bytes, as measured last; 0: not known."""
    copied: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, copied: int) -> None:
        """Take note of the progress; raises `CopyStopped`."""
        self.copied = copied
        if self.stop.is_set():
            raise CopyStopped

    @property
    def percent(self) -> int:
        """How much is done, as far as one can tell: never all of it before it is said to be ready."""
        return min(ALMOST, 100 * self.copied // self.expected) if self.expected else 0


class CopyRun:
    """One attempt at one copy. Whoever made this one holds the lease."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._flow = Flow(expected=0)
        self._done = threading.Event()
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
            made = self._make()
        finally:
            self._done.set()
            beat.join()
        if isinstance(made, str):
            leases.fail(share, message=made)
        elif made is not None:
            self._complete(made)
        leases.hand_back(share, now=timezone.now())  # what is neither complete nor failed now

    def _make(self) -> Workspace | str | None:
        """Return the filled copy, why it could not be made, or None when it was stopped.

        A surprise must leave a share that says so, and nothing half made.
        """
        try:
            original = leases.original_of(self._share)
            self._flow.expected = original.disk_space
            return fill_copy(original=original, copy=self._share.copy, progress=self._flow.tell)
        except CopyStopped:
            return None
        except UserWorkspacesError as error:
            message = error.message
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            logger.exception("copy %s: it could not be made", self)
            message = "Something went wrong inside the server."
        if self._flow.stop.is_set():  # perhaps somebody else makes it already: not to be touched any more
            return None
        empty_copy(self._share.copy)
        return message

    def _complete(self, filled: Workspace) -> None:
        try:
            leases.complete(self._share, filled=filled)
        except InvalidRequest as error:
            leases.fail(self._share, message=error.message)

    def _beat(self) -> None:
        """Renew the lease and write the progress, once a second; stop the copy when the lease cannot be kept."""
        renewed = time.monotonic()
        while not self._done.wait(BEAT_SECONDS):
            try:
                if not leases.renew(self._share, now=timezone.now(), percent=self._flow.percent):
                    self._flow.stop.set()
                renewed = time.monotonic()
            except (DatabaseError, InterfaceError):
                connections.close_all()
                if time.monotonic() - renewed > TRUSTED_SECONDS:
                    self._flow.stop.set()
        connections.close_all()

    def __str__(self) -> str:
        return str(self._share.pk)


class Copies:
    """The copies that this controller makes at this time."""

    def __init__(self, *, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._running: list[CopyRun] = []

    def tend(self, *, now: datetime) -> int:
        """Start what is due and what there is room for, remove what was withdrawn; return how much that was."""
        withdrawn = due_withdrawals(now=now, limit=WITHDRAWN_A_PASS)
        for share in withdrawn:
            leases.remove_withdrawn(share, now=now)
        self._running = [run for run in self._running if not run.wait(0)]
        started = [CopyRun(share) for share in self._due(now) if leases.claim(share, now=now)]
        for run in started:
            run.start()
        self._running += started
        return len(withdrawn) + len(started)

    def _due(self, now: datetime) -> list[Share]:
        room = self._most - len(self._running)
        return due_copies(now=now, limit=room) if room > 0 else []

    def wait(self, seconds: float) -> bool:
        """Return whether all that run ended, each within this time."""
        ended = [run.wait(seconds) for run in self._running]
        return all(ended)

    def stop(self) -> None:
        """Hand back what is not finished; the next controller starts it over."""
        for run in self._running:
            run.stop()
        self.wait(SECONDS_TO_STOP)
