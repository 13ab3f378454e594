"""A refusal says what is left, when it frees up, and whom to ask."""

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


def test_disk_says_what_is_left() -> None:
    error = disk_exceeded(Usage(50 * GIBIBYTE, 48 * GIBIBYTE, GIBIBYTE // 2), 2 * GIBIBYTE, contact="it@example.org")
    assert error.kind == "disk"
    assert error.message == (
        "This needs 2 GiB on disk, and 1.5 GiB of your 50 GiB are left. Delete files or workspaces you no longer need: "
        "the room is yours again moments later. For more, ask it@example.org."
    )


def test_disk_that_is_over_says_so_whatever_was_wanted() -> None:
    usage = Usage(GIBIBYTE, 2 * GIBIBYTE, 0)
    expected = (
        "You use 2 GiB of disk, and 1 GiB are yours: nothing can be launched, uploaded or created until you delete "
        "files or workspaces. What runs goes on. For more, ask the operators of this server."
    )
    assert disk_exceeded(usage, 1, contact="").message == expected
    assert disk_is_over(usage, contact="").message == expected


@pytest.mark.parametrize(
    ("enough_at", "when"),
    [
        (NOON, "Enough is free again at 2026-05-04 12:00 UTC"),
        (None, "Enough is free again when what runs has ended"),
    ],
)
def test_core_hours_say_when_enough_is_free(enough_at: datetime | None, when: str) -> None:
    error = core_hours_exceeded(HOURS, Decimal(8), period=MONTH, enough_at=enough_at, contact="")
    assert error.message == (
        "This needs 8 core hours, and 5.5 of your 100 are left: 90.5 were used in the last 30 days, 4 are held for "
        f"what runs. {when}; or choose fewer CPUs or less time. For more, ask the operators of this server."
    )


def test_core_hours_beyond_the_limit_never_fit() -> None:
    error = core_hours_exceeded(HOURS, Decimal(101), period=MONTH, enough_at=NOON, contact="")
    assert error.message == (
        "This needs 101 core hours, more than all 100 of yours: choose fewer CPUs or less time. "
        "For more, ask the operators of this server."
    )


def test_sessions_say_when_one_ends() -> None:
    assert sessions_exceeded(Usage(2, 2, 0, NOON), contact="us").message == (
        "You have 2 of 2 sessions at once. Stop one or wait: one reaches its time limit at 2026-05-04 12:00 UTC. "
        "For more, ask us."
    )
    assert "Stop one. For more" in sessions_exceeded(Usage(2, 2, 0), contact="us").message


def test_a_launch_without_an_end_is_told_how_to_get_one() -> None:
    assert time_limit_needed("minutes", contact="").message == (
        "Your core hours are limited, so a launch needs an end: give minutes."
    )
    assert time_limit_needed("", contact="us").message == (
        "Your core hours are limited, and launches on this resource have no time limit. For more, ask us."
    )


@pytest.mark.parametrize(("number", "text"), [("100", "100"), ("2.50", "2.5"), ("0.004", "0"), ("1e3", "1000")])
def test_figures(number: str, text: str) -> None:
    assert format_number(Decimal(number)) == text
