"""Finds home directories of users that other accounts can enter, for the health of an authentication."""

import os
import pwd
import shlex
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock, Thread

from user_workspaces.interfaces.values import Health

CHECK_INTERVAL = 600.0
"""Seconds for which a result is cached: `/status/` is requested every few seconds."""
PATIENCE = 0.5
"""Longest wait in seconds for a new result: homes on a file system that hangs must not block health checks."""
MOST_NAMED = 10
NOT_YET = "Home directories are still being checked. Try again in a moment."


class Homes:
    """Checks the homes of the recorded accounts in a background thread; changes nothing."""

    def __init__(
        self,
        accounts: Callable[[], Iterable[tuple[str, int]]],
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`accounts` returns names and uids of the recorded accounts; it does not raise."""
        self._accounts, self._patience, self._clock = accounts, patience, clock
        self._lock = Lock()
        self._thread: Thread | None = None
        self._checked_at = float("-inf")
        self._open: tuple[str, ...] | None = None

    def open_homes(self) -> tuple[str, ...] | None:
        """Return the open homes of the last check, sorted; None before the first check has ended."""
        with self._lock:
            if self._thread is None and self._clock() - self._checked_at >= CHECK_INTERVAL:
                # A daemon: a file system that hangs must not keep the process from ending.
                self._thread = Thread(target=self._find, name="homes", daemon=True)
                self._thread.start()
            thread = self._thread
        if thread is not None:
            # Outside of the lock, which the thread takes at its end.
            thread.join(self._patience)
        return self._open

    def add_to(self, health: Health) -> Health:
        """Return the health with a note about open homes; unchanged if the server does not run as root."""
        if os.geteuid() != 0 or not health.connected:
            return health
        homes = self.open_homes()
        message = f"{health.message} {_summary_of(homes or ())}".strip()
        return replace(health, message=message, advice=_advice_on(homes))

    def _find(self) -> None:
        try:
            self._open = open_homes_of(self._accounts())
        finally:
            with self._lock:
                # After an error as well: otherwise no further check would ever start.
                self._checked_at, self._thread = self._clock(), None


def open_homes_of(accounts: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return the homes of these accounts (name, uid) to which others have any permission, sorted.

    A name that has another uid by now belongs to another user, and is skipped.
    """
    wanted = dict(accounts)
    if not wanted:
        return ()
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_name in wanted}  # one pass for thousands
    entries = (known.get(name) or _entry(name) for name in wanted)
    homes = {entry.pw_dir for entry in entries if entry is not None and entry.pw_uid == wanted[entry.pw_name]}
    return tuple(sorted(home for home in homes if _is_open(home)))


def _summary_of(homes: tuple[str, ...]) -> str:
    """Return the number of open homes as text; it is public, so it names none."""
    if not homes:
        return ""
    what = "1 home is" if len(homes) == 1 else f"{len(homes)} homes are"
    return f"{what} open to other accounts. Run `manage.py plugins` to see how to close them."


def _advice_on(homes: tuple[str, ...] | None) -> str:
    """Return the command that closes the first of these homes, for operators; empty if none is open."""
    if homes is None:
        return NOT_YET
    if not homes:
        return ""
    named = " ".join(shlex.quote(home) for home in homes[:MOST_NAMED])
    more = f" (and {len(homes) - MOST_NAMED} more)" if len(homes) > MOST_NAMED else ""
    return f"Other accounts can enter home directories of users. Close them: chmod 700 {named}{more}"


def _entry(name: str) -> pwd.struct_passwd | None:
    """Look up one account: a directory service may know names that it does not list."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _is_open(home: str) -> bool:
    try:
        status = os.stat(home)  # noqa: PTH116  faster, for thousands of homes
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_IRWXO)
