"""Limits and usage: what is left, what fits, what a file takes on disk."""

from decimal import Decimal

import pytest

from user_workspaces.quotas.values import QuotaLimits, Usage, on_disk


@pytest.mark.parametrize(
    ("limit", "used", "reserved", "left", "over"),
    [
        (None, 10, 5, None, False),
        (20, 10, 5, 5, False),
        (15, 10, 5, 0, False),
        (14, 10, 5, 0, True),
        (0, 0, 0, 0, False),
        (0, 1, 0, 0, True),
    ],
)
def test_usage_of_whole_numbers(limit: int | None, used: int, reserved: int, left: int | None, *, over: bool) -> None:
    usage = Usage(limit, used, reserved)
    assert (usage.taken, usage.left, usage.is_over) == (used + reserved, left, over)


def test_amount_counted_twice_is_not_over_the_limit_but_leaves_nothing() -> None:
    usage = Usage(10, used=6, reserved=6, in_progress=5)
    assert (usage.certain, usage.is_over, usage.left, usage.fits(1)) == (7, False, 0, False)
    assert Usage(10, used=11, reserved=6, in_progress=6).is_over


def test_usage_of_core_hours_is_exact() -> None:
    usage = Usage(Decimal("0.3"), Decimal("0.1"), Decimal("0.1"))
    assert usage.fits(Decimal("0.1"))
    assert not usage.fits(Decimal("0.10001"))
    assert str(usage.left) == "0.1"


def test_any_amount_fits_without_a_limit() -> None:
    assert Usage(None, 10**18, 0).fits(10**18)


@pytest.mark.parametrize(
    ("size", "path", "blocks"),
    [(0, "a", 0), (1, "a", 1), (4096, "a", 1), (4097, "/a", 2), (1, "b/a", 2), (1, "c/b/a", 3), (0, "c/a", 1)],
)
def test_files_and_directories_take_whole_blocks(size: int, path: str, blocks: int) -> None:
    assert on_disk(size, path) == blocks * 4096


def test_any_limit_limits_launches() -> None:
    assert not QuotaLimits().limits_launches
    assert QuotaLimits(disk_bytes=0).limits_launches
    assert QuotaLimits(core_hours=Decimal(0)).limits_launches
    assert QuotaLimits(running_sessions=0).limits_launches
