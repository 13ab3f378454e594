"""A good cookie is verified once, until it expires; a bad one every time."""

from dataclasses import replace

import pytest

from user_workspaces.proxy.routing.cookie_cache import CookieCache
from user_workspaces.proxy.routing.routes import CookieClaims

CLAIM = CookieClaims(job_id=12, user_id=7, epoch=3, expires_at=1_000.0)


class Signatures:
    """Knows which cookies are good until when, notes what it is asked, and is the clock too."""

    def __init__(self, **good: CookieClaims) -> None:
        self.good = good
        self.asked: list[tuple[str, int]] = []
        self.now = 0.0

    def verify(self, value: str, job_id: int) -> CookieClaims | None:
        self.asked.append((value, job_id))
        claim = self.good.get(value)
        expired = claim is not None and 0 < claim.expires_at <= self.now
        return None if claim is None or expired or claim.job_id != job_id else claim

    def known(self) -> CookieCache:
        return CookieCache(self.verify, clock=lambda: self.now)


def test_good_cookie_is_verified_once() -> None:
    signatures = Signatures(good=CLAIM)
    known = signatures.known()
    assert [known("good", 12) for _ in range(3)] == [CLAIM] * 3
    assert signatures.asked == [("good", 12)]


@pytest.mark.parametrize("now", [1_000.0, 1_000.5, 1e9])
def test_expired_cookie_is_bad_from_that_moment_on(now: float) -> None:
    signatures = Signatures(good=CLAIM)
    known = signatures.known()
    signatures.now = 999.9
    assert known("good", 12) == CLAIM
    signatures.now = now
    assert [known("good", 12), known("good", 12)] == [None, None]
    assert len(signatures.asked) == 3


def test_bad_cookie_is_never_remembered() -> None:
    signatures = Signatures(good=CLAIM)
    known = signatures.known()
    assert [known("bad", 12), known("bad", 12), known("good", 13)] == [None] * 3
    assert len(signatures.asked) == 3
    signatures.good["bad"] = CLAIM
    assert known("bad", 12) == CLAIM


def test_cookie_of_one_job_says_nothing_of_another() -> None:
    signatures = Signatures(good=CLAIM)
    known = signatures.known()
    assert (known("good", 12), known("good", 13)) == (CLAIM, None)


def test_cookie_whose_end_is_not_reported_is_verified_every_time() -> None:
    signatures = Signatures(good=replace(CLAIM, expires_at=0.0))
    known = signatures.known()
    assert [known("good", 12), known("good", 12)] == [replace(CLAIM, expires_at=0.0)] * 2
    assert len(signatures.asked) == 2


def test_number_of_cookies_kept_is_bounded() -> None:
    signatures = Signatures(**{f"c{number}": CLAIM for number in range(25)})
    known = CookieCache(signatures.verify, clock=lambda: 0.0, most=10)
    for number in range(25):
        assert known(f"c{number}", 12) == CLAIM
        assert len(known) <= 10
    assert known("c0", 12) == CLAIM
