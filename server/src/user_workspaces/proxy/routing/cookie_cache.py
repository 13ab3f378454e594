"""Caches verified session cookies, so that a signature is computed once and not for every request.

Authorization is not cached: route, owner and epoch are compared for each request.
"""

import time
from collections.abc import Callable

from user_workspaces.proxy.routing.routes import CookieClaims, VerifyCookie


class CookieCache:
    """Wraps a `VerifyCookie`. Invalid cookies are never cached, so a client cannot fill the cache."""

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
                # Clearing costs one signature for each cookie in use, and needs no bookkeeping in lookups.
                self._known.clear()
            self._known[value, job_id] = claim
        return claim
