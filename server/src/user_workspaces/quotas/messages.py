"""The words of a refusal: what is left, when it frees up, and whom to ask. Pure: amounts in, an error out."""

from datetime import datetime, timedelta
from decimal import Decimal

from user_workspaces.errors import QuotaExceeded
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.quotas.values import Kind, Usage

HUNDREDTH = Decimal("0.01")


def disk_exceeded(disk: Usage[int], wanted: int, *, contact: str) -> QuotaExceeded:
    """Return why so many more bytes cannot be had."""
    if disk.is_over:
        return disk_is_over(disk, contact=contact)
    return QuotaExceeded(
        f"This needs {size_text(wanted)} on disk, and {size_text(disk.left or 0)} of your {size_text(disk.limit or 0)} "
        f"are left. Delete files or workspaces you no longer need: the room is yours again moments later. "
        f"{ask_contact(contact)}",
        kind=Kind.DISK,
    )


def copy_exceeded(wanted: int, *, owner: str, contact: str) -> QuotaExceeded:
    """Return why a person cannot be given so many bytes; others read it, too, so it does not tell what they have."""
    return QuotaExceeded(
        f"The copy needs {size_text(wanted)}, and the disk quota of {owner} has no room for it. It can be tried again "
        f"when {owner} has deleted files or workspaces. {ask_contact(contact)}",
        kind=Kind.DISK,
    )


def disk_is_over(disk: Usage[int], *, contact: str) -> QuotaExceeded:
    """Return why nothing goes while too much is there already."""
    return QuotaExceeded(
        f"You use {size_text(disk.certain)} of disk, and {size_text(disk.limit or 0)} are yours: nothing can be "
        "launched, uploaded or created until you delete files or workspaces. What runs goes on. "
        f"{ask_contact(contact)}",
        kind=Kind.DISK,
    )


def core_hours_exceeded(
    hours: Usage[Decimal], wanted: Decimal, *, period: timedelta, enough_at: datetime | None, contact: str
) -> QuotaExceeded:
    """Return why a launch is too much; `enough_at`: when what was used long ago makes room for it."""
    limit = hours.limit or Decimal(0)
    if wanted > limit:
        text = (
            f"This needs {format_number(wanted)} core hours, more than all {format_number(limit)} of yours: {LESS}. "
            f"{ask_contact(contact)}"
        )
        return QuotaExceeded(text, kind=Kind.CORE_HOURS, is_final=True)
    when = f"Enough is free again at {at(enough_at)}" if enough_at else "Enough is free again when what runs has ended"
    return QuotaExceeded(
        f"This needs {format_number(wanted)} core hours, and {format_number(hours.left or Decimal(0))} of your "
        f"{format_number(limit)} are left: {format_number(hours.used)} were used in the last {period.days} days, "
        f"{format_number(hours.reserved)} are held for what runs. {when}; or {LESS}. {ask_contact(contact)}",
        kind=Kind.CORE_HOURS,
    )


LESS = "choose fewer CPUs or less time"


def sessions_exceeded(sessions: Usage[int], *, contact: str) -> QuotaExceeded:
    """Return why nothing more can run at once."""
    by_itself = f" or wait: one reaches its time limit at {at(sessions.frees_at)}" if sessions.frees_at else ""
    text = (
        f"You have {sessions.taken} of {sessions.limit} sessions at once. Stop one{by_itself}. {ask_contact(contact)}"
    )
    return QuotaExceeded(text, kind=Kind.RUNNING_SESSIONS, is_final=sessions.limit == 0)


def time_limit_needed(parameter: str, *, contact: str) -> QuotaExceeded:
    """Return why a launch without an end is refused; `parameter`: what gives it one, empty where nothing does."""
    if parameter:
        text = f"Your core hours are limited, so a launch needs an end: give {parameter}."
    else:
        text = f"Your core hours are limited, and launches on this resource have no time limit. {ask_contact(contact)}"
    return QuotaExceeded(text, kind=Kind.CORE_HOURS, is_final=True)


def ask_contact(contact: str) -> str:
    """Say whom to ask."""
    return f"For more, ask {contact or 'the operators of this server'}."


def format_number(number: Decimal) -> str:
    """Write a number with two decimals at most, and none that say nothing."""
    return f"{number.quantize(HUNDREDTH).normalize():f}"


def at(moment: datetime) -> str:
    """Write a time."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
