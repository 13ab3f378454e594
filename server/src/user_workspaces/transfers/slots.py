"""Limits the transfers that one user has at once: each occupies a thread, and their number is fixed."""

from collections import Counter
from threading import Lock
from typing import Self

from user_workspaces.errors import TooManyAtOnce

MOST_AT_ONCE = 8
"""In one process."""

_running = Counter[int]()
_lock = Lock()


class TransferSlot:
    """The slot of one transfer of a user, from its creation until `end`; raises `TooManyAtOnce`."""

    def __init__(self, user_id: int) -> None:
        with _lock:
            if _running[user_id] >= MOST_AT_ONCE:
                raise TooManyAtOnce(
                    f"You already have {MOST_AT_ONCE} transfers in progress. Try again when one has ended."
                )
            _running[user_id] += 1
        self._user_id: int | None = user_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Free the slot; safe to call twice."""
        with _lock:
            if self._user_id is not None:
                _running[self._user_id] -= 1
                # Users without transfers are removed, so that the table does not grow.
                if not _running[self._user_id]:
                    del _running[self._user_id]
                self._user_id = None


def running() -> dict[int, int]:
    """Return the number of transfers in progress by user."""
    with _lock:
        return dict(_running)
