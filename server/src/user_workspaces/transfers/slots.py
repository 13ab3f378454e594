"""How many transfers one person may have at once: each holds a thread, and there are only so many of them."""

from collections import Counter
from threading import Lock
from typing import Self

from user_workspaces.errors import TooManyAtOnce

MOST_AT_ONCE = 8
"""In one process."""

_running = Counter[int]()
_lock = Lock()


class TransferSlot:
    """One transfer of a person, from its making until `end`; raises `TooManyAtOnce`."""

    def __init__(self, user_id: int) -> None:
        with _lock:
            if _running[user_id] >= MOST_AT_ONCE:
                raise TooManyAtOnce(f"{MOST_AT_ONCE} transfers of yours are going on: wait until one of them ends.")
            _running[user_id] += 1
        self._user_id: int | None = user_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Make room; twice is safe."""
        with _lock:
            if self._user_id is not None:
                _running[self._user_id] -= 1
                if not _running[self._user_id]:
                    del _running[self._user_id]
                self._user_id = None


def running() -> dict[int, int]:
    """Return how many transfers are going on, by person."""
    with _lock:
        return dict(_running)
