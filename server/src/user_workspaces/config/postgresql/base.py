"""Django's PostgreSQL; a connection in use is looked at before each request, and only one that rested is asked."""

import select
import time
from typing import Any

from django.db.backends.postgresql import base

TRUSTED_SECONDS = 10.0
"""After a query, for which nothing between us and the database drops a connection without a word."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection.

    Django asks a lasting connection for a 1 before each request. A server that ends, or ends the connection, says so:
    there is something to read where nothing was asked. That is seen without a question; the question is left for
    where there is something to read, and for a connection that rested long enough to be forgotten on the way.
    """

    health_check_enabled: bool
    health_check_done: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Django has them
        super().__init__(*args, **kwargs)
        self._looked_at = 0.0

    def _configure_connection(self, connection: Any) -> bool:  # noqa: ANN401  as Django has it
        """See Django; says whether there is something to commit."""
        configured: bool = super()._configure_connection(connection)  # type: ignore[misc]  # the stubs leave it out
        seconds = self.settings_dict.get("LOCK_SECONDS")
        if seconds is None:
            return configured
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {1000 * seconds:d}")
        return True

    def close_if_health_check_failed(self) -> None:
        """See Django; once for each request."""
        if self.connection is None or not self.health_check_enabled or self.health_check_done:
            return
        now = time.monotonic()
        if now - self._looked_at > TRUSTED_SECONDS or not self._is_silent():
            super().close_if_health_check_failed()
        self._looked_at, self.health_check_done = now, True

    def _is_silent(self) -> bool:
        if self.connection.closed:
            return False
        # select(2) cannot watch descriptors above 1023, and this process may have many.
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
