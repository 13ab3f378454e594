"""Logs warnings that users can cause at will, in one line and rarely for each object, so that the log stays short.

A hostile file system (links exchanged during a copy, pipes, files that vanish or are closed to their owner) is refused
with an expected error. That is no surprise: no traceback says more than the message does.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from user_workspaces.errors import UserWorkspacesError

EXPECTED = (UserWorkspacesError, OSError)
"""Errors that users can cause through the file system; databases and bugs raise other errors."""
QUIET_SECONDS = 600.0
MOST_REMEMBERED = 10_000
LONGEST_LINE = 500


class WarningLog:
    """Suppresses repeated warnings about an object, and counts them."""

    def __init__(
        self,
        *,
        quiet: float = QUIET_SECONDS,
        most: int = MOST_REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet, self._most, self._clock = quiet, most, clock
        self._lock = Lock()
        self._logged: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def warn(self, logger: logging.Logger, about: str, error: Exception | str) -> None:
        """Log a warning about an object such as `workspace 7`, unless one was logged recently."""
        suppressed = self._suppressed(about)
        if suppressed is not None:
            since = f" (and {suppressed} times more since the last line)" if suppressed else ""
            logger.warning("%s: %s%s", about, _line_of(error), since)

    def _suppressed(self, about: str) -> int | None:
        """Return the number of suppressed warnings; None if this one is suppressed, too."""
        now = self._clock()
        with self._lock:
            at, suppressed = self._logged.get(about, (float("-inf"), 0))
            if now - at < self._quiet:
                self._logged[about] = (at, suppressed + 1)
                return None
            self._logged[about] = (now, 0)
            self._logged.move_to_end(about)
            # Users can cause warnings about any number of objects, so the table is bounded.
            if len(self._logged) > self._most:
                self._logged.popitem(last=False)
            return suppressed


def _line_of(error: Exception | str) -> str:
    """Return the message on one line: names of files, which may hold anything, are a part of some."""
    if isinstance(error, OSError):
        text = error.strerror or type(error).__name__  # without the path, which is not for the log
    else:
        text = error.message if isinstance(error, UserWorkspacesError) else str(error)
    # A line break in a file name could forge a log line.
    return "".join(one if one.isprintable() else " " for one in text[:LONGEST_LINE])


WARNINGS = WarningLog()
"""The warning log of this process."""
