"""How the dependencies are doing: each is asked once in a while, in a thread of its own, and may take its time.

A dependency that does not answer keeps nobody waiting for longer than a second: what it said last is told until
that is too old to be true.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Protocol

from user_workspaces import registry
from user_workspaces.api.server_health import Controller, Database, DataFolder
from user_workspaces.interfaces.values import Health

KEPT_FOR = 5.0
"""Seconds for which an answer is taken as it is."""
PATIENCE = 1.0
"""Seconds, from the start of a check, for which somebody waits for it."""
BELIEVED_FOR = 30.0
"""Seconds for which an answer still counts while the next one does not come."""


class Dependency(Protocol):
    """Something that can be asked how it is doing, and never raises."""

    def check(self) -> Health:
        """Say it."""


class Watch:
    """One dependency: at most one check of it runs at a time, however many ask."""

    def __init__(
        self, dependency: Dependency, *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dependency, self._patience, self._clock = dependency, patience, clock
        self._lock = Lock()
        self._check: Thread | None = None
        self._began = self._answered = float("-inf")
        self._last: Health | None = None

    def begin(self) -> None:
        """Ask, if the last answer is too old and nobody asks already."""
        with self._lock:
            busy = self._check is not None and self._check.is_alive()
            if busy or self._clock() - max(self._answered, self._began) < KEPT_FOR:
                return
            self._began = self._clock()
            self._check = Thread(target=self._read, name="health", daemon=True)
            self._check.start()

    def health(self) -> Health:
        """Return the newest answer, waited for no longer than is left of its check's patience."""
        check = self._check
        if check is not None:
            check.join(max(0.0, self._began + self._patience - self._clock()))
            if not check.is_alive() and self._answered < self._began:
                return Health(connected=False, message="Its check failed.")
        if self._last is not None and self._clock() - self._answered < BELIEVED_FOR:
            return self._last
        return Health(connected=False, message="It does not answer.")

    def _read(self) -> None:
        found = self._dependency.check()
        self._last, self._answered = found, self._clock()


@dataclass(slots=True)
class _Process:
    """The watches of this process, for as long as its configuration is the same."""

    of: registry.Registry | None = None
    watches: dict[str, Watch] = field(default_factory=dict)


_process, _lock = _Process(), Lock()


def health_of_dependencies() -> dict[str, Health]:
    """Return the health of each dependency by name, at most five seconds old."""
    watches = _watches()
    for watch in watches.values():  # all at once, not one after the other
        watch.begin()
    return {name: watch.health() for name, watch in watches.items()}


def _watches() -> dict[str, Watch]:
    with _lock:
        plugins = registry.current()
        if _process.of is not plugins:
            kinds = (
                ("storage", plugins.storages.items()),
                ("resource", plugins.resources.items()),
                ("user_authentication", plugins.user_authentications.items()),
                ("job_type", plugins.job_types.items()),
            )
            found = {f"{kind}.{name}": Watch(plugin) for kind, named in kinds for name, plugin in named}
            own = {"database": Watch(Database()), "data_folder": Watch(DataFolder()), "controller": Watch(Controller())}
            _process.of, _process.watches = plugins, found | own
        return _process.watches
