"""The health of the server's dependencies; each is checked in its own thread.

A slow dependency delays a request by one second at most: until its check ends, the previous result is returned, as long
as that is recent.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Protocol

from user_workspaces import registry
from user_workspaces.api.server_health import Controller, Database, DataFolder
from user_workspaces.interfaces.values import Health

MIN_INTERVAL = 5.0
"""Seconds between two checks of a dependency."""
TIMEOUT = 1.0
"""Seconds, from the start of a check, for which a request waits for its result."""
MAX_AGE = 30.0
"""Seconds for which a result is used while the next check does not end."""


class Dependency(Protocol):
    """A part of the server that can be checked."""

    def check(self) -> Health:
        """Return the health; never raises."""


class HealthCheck:
    """Checks one dependency; at most one check runs at a time, however many requests ask."""

    def __init__(
        self, dependency: Dependency, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dependency, self._timeout, self._clock = dependency, timeout, clock
        self._lock = Lock()
        self._check: Thread | None = None
        self._started = self._ended = float("-inf")
        self._last: Health | None = None

    def start(self) -> None:
        """Start a check, if the last result is too old and no check is running."""
        with self._lock:
            busy = self._check is not None and self._check.is_alive()
            # The start counts, too: a check that raised an error has no end, and must not run again at each request.
            if busy or self._clock() - max(self._ended, self._started) < MIN_INTERVAL:
                return
            self._started = self._clock()
            # A daemon, so that a check that hangs does not keep the process alive.
            self._check = Thread(target=self._read, name="health", daemon=True)
            self._check.start()

    def health(self) -> Health:
        """Return the newest result; wait for a running check until its timeout."""
        # Another thread may start the next check meanwhile: one variable for all the lines below.
        check = self._check
        if check is not None:
            check.join(max(0.0, self._started + self._timeout - self._clock()))
            # The thread ended without a result, so the check raised an error.
            if not check.is_alive() and self._ended < self._started:
                return Health(connected=False, message="The health check failed.")
        if self._last is not None and self._clock() - self._ended < MAX_AGE:
            return self._last
        return Health(connected=False, message="The health check does not respond.")

    def _read(self) -> None:
        found = self._dependency.check()
        # The result is assigned first: a reader that sees the new time has the new result.
        self._last, self._ended = found, self._clock()


@dataclass(slots=True)
class _Process:
    """The checks of this process, for one configuration."""

    of: registry.Registry | None = None
    checks: dict[str, HealthCheck] = field(default_factory=dict)


_process, _lock = _Process(), Lock()


def health_of_dependencies() -> dict[str, Health]:
    """Return the health of each dependency by name, at most five seconds old."""
    checks = _checks()
    for check in checks.values():  # all start before the first is waited for
        check.start()
    return {name: check.health() for name, check in checks.items()}


def _checks() -> dict[str, HealthCheck]:
    with _lock:
        plugins = registry.current()
        # A new configuration has new plug-ins, which need new checks.
        if _process.of is not plugins:
            kinds = (
                ("storage", plugins.storages.items()),
                ("resource", plugins.resources.items()),
                ("user_authentication", plugins.user_authentications.items()),
                ("job_type", plugins.job_types.items()),
            )
            found = {f"{kind}.{name}": HealthCheck(plugin) for kind, named in kinds for name, plugin in named}
            own = {
                "database": HealthCheck(Database()),
                "data_folder": HealthCheck(DataFolder()),
                "controller": HealthCheck(Controller()),
            }
            _process.of, _process.checks = plugins, found | own
        return _process.checks
