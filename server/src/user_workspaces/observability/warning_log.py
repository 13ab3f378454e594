"""Logs what people can cause at will in one line, and once in a while for each object: it cannot fill the log.

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
"""What a file system that people change can make of an operation; databases and bugs raise other errors."""
QUIET_SECONDS = 600.0
MOST_REMEMBERED = 10_000
LONGEST_LINE = 500


class WarningLog:
    """Remembers what was told of which object, and how often it was kept back since."""

    def __init__(
        self,
        *,
        quiet: float = QUIET_SECONDS,
        most: int = MOST_REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet, self._most, self._clock = quiet, most, clock
        self._lock = Lock()
        self._told: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def warn(self, logger: logging.Logger, about: str, error: Exception | str) -> None:
        """Write a line about an object, such as `workspace 7`, unless there was one lately."""
        kept_back = self._suppressed(about)
        if kept_back is not None:
            since = f" (and {kept_back} times more since the last line)" if kept_back else ""
            logger.warning("%s: %s%s", about, _line_of(error), since)

    def _suppressed(self, about: str) -> int | None:
        """Return how often it was kept back; None: now, too."""
        now = self._clock()
        with self._lock:
            at, kept_back = self._told.get(about, (float("-inf"), 0))
            if now - at < self._quiet:
                self._told[about] = (at, kept_back + 1)
                return None
            self._told[about] = (now, 0)
            self._told.move_to_end(about)
            if len(self._told) > self._most:
                self._told.popitem(last=False)
            return kept_back


def _line_of(error: Exception | str) -> str:
    """Return the message on one line: names of files, which may hold anything, are a part of some."""
    if isinstance(error, OSError):
        text = error.strerror or type(error).__name__  # without the path, which is not for the log
    else:
        text = error.message if isinstance(error, UserWorkspacesError) else str(error)
    return "".join(one if one.isprintable() else " " for one in text[:LONGEST_LINE])


REFUSALS = WarningLog()
"""Those of this process."""
