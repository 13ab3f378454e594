"""Error messages say what is left, when more becomes available, and whom to ask."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from user_workspaces.quotas.messages import (
    core_hours_exceeded,
    disk_exceeded,
    disk_is_over,
    format_number,
    sessions_exceeded,
    time_limit_needed,
)
from user_workspaces.quotas.values import GIBIBYTE, Usage

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MONTH = timedelta(days=30)
HOURS = Usage(Decimal(100), Decimal("90.5"), Decimal(4))


def test_disk_error_says_what_is_left() -> None:
    error = disk_exceeded(Usage(50 * GIBIBYTE, 48 * GIBIBYTE, GIBIBYTE // 2), 2 * GIBIBYTE, contact="it@example.org")
    assert error.kind == "disk"
    assert error.message == (
        "This needs 2 GiB on disk, and 1.5 GiB of your 50 GiB are left. Delete files or workspaces that you no longer "
        "need; the space is available again within moments. For more, ask it@example.org."
    )


def test_disk_over_quota_has_the_same_error_for_any_size() -> None:
    usage = Usage(GIBIBYTE, 2 * GIBIBYTE, 0)
    expected = (
        "You use 2 GiB of disk; your quota is 1 GiB. You cannot launch, upload or create anything until you delete "
        "files or workspaces. Your sessions keep running. For more, ask the operators of this server."
    )
    assert disk_exceeded(usage, 1, contact="").message == expected
    assert disk_is_over(usage, contact="").message == expected


@pytest.mark.parametrize(
    ("enough_at", "when"),
    [
        (NOON, "at 2026-05-04 12:00 UTC"),
        (None, "when running jobs have ended"),
    ],
)
def test_core_hours_error_says_when_enough_is_available(enough_at: datetime | None, when: str) -> None:
    error = core_hours_exceeded(HOURS, Decimal(8), period=MONTH, enough_at=enough_at, contact="")
    assert error.message == (
        "This needs 8 core hours, and 5.5 of your 100 are left: 90.5 were used in the last 30 days, and 4 are "
        f"reserved for running jobs. Enough will be available {when}. Choose fewer CPUs or less time. For more, ask "
        "the operators of this server."
    )


def test_core_hours_beyond_the_limit_are_a_final_error() -> None:
    error = core_hours_exceeded(HOURS, Decimal(101), period=MONTH, enough_at=NOON, contact="")
    assert error.message == (
        "This needs 101 core hours, more than your quota of 100. Choose fewer CPUs or less time. "
        "For more, ask the operators of this server."
    )


def test_sessions_error_says_when_one_ends() -> None:
    assert sessions_exceeded(Usage(2, 2, 0, NOON), contact="us").message == (
        "You have 2 of 2 sessions. Stop one, or wait until one reaches its time limit at 2026-05-04 12:00 UTC. "
        "For more, ask us."
    )
    assert "Stop one. For more" in sessions_exceeded(Usage(2, 2, 0), contact="us").message


def test_launch_without_time_limit_names_the_parameter() -> None:
    assert time_limit_needed("minutes", contact="").message == (
        "Your core hours are limited, so a launch needs a time limit: set minutes."
    )
    assert time_limit_needed("", contact="us").message == (
        "Your core hours are limited, and launches on this resource have no time limit. For more, ask us."
    )


@pytest.mark.parametrize(("number", "text"), [("100", "100"), ("2.50", "2.5"), ("0.004", "0"), ("1e3", "1000")])
def test_numbers_have_at_most_two_decimals(number: str, text: str) -> None:
    assert format_number(Decimal(number)) == text
