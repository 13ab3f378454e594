"""Remembers which session cookies are good, so that their signature is computed once and not for every request.

What a good cookie may open is not remembered: the route, its owner and their epoch are compared every time.
"""

import time
from collections.abc import Callable

from user_workspaces.proxy.routing.routes import CookieClaims, VerifyCookie


class CookieCache:
    """A `VerifyCookie` before another one. Only good cookies are kept: nobody can fill it with inventions."""

    def __init__(
        self, verify_cookie: VerifyCookie, *, clock: Callable[[], float] = time.time, most: int = 4_096
    ) -> None:
        self._verify_cookie = verify_cookie
        self._clock = clock
        self._most = most
        self._known: dict[tuple[str, int], CookieClaims] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, value: str, job_id: int) -> CookieClaims | None:
        """See `VerifyCookie`."""
        claim = self._known.get((value, job_id))
        if claim is not None:
            if self._clock() < claim.expires_at:
                return claim
            del self._known[value, job_id]
        claim = self._verify_cookie(value, job_id)
        if claim is not None and self._clock() < claim.expires_at:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[value, job_id] = claim
        return claim
