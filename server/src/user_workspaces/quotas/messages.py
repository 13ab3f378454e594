"""Error messages of quotas: what is left, when more becomes available, and whom to ask. Pure functions."""

from datetime import datetime, timedelta
from decimal import Decimal

from user_workspaces.errors import QuotaExceeded
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.quotas.values import Kind, Usage

HUNDREDTH = Decimal("0.01")


def disk_exceeded(disk: Usage[int], wanted: int, *, contact: str) -> QuotaExceeded:
    """Return the error for `wanted` more bytes on disk."""
    if disk.is_over:
        return disk_is_over(disk, contact=contact)
    return QuotaExceeded(
        f"This needs {size_text(wanted)} on disk, and {size_text(disk.left or 0)} of your {size_text(disk.limit or 0)} "
        f"are left. Delete files or workspaces that you no longer need; the space is available again within moments. "
        f"{ask_contact(contact)}",
        kind=Kind.DISK,
    )


def copy_exceeded(wanted: int, *, owner: str, contact: str) -> QuotaExceeded:
    """Return the error for a copy of `wanted` bytes; its sender reads it, too, so it does not give the usage."""
    return QuotaExceeded(
        f"The copy needs {size_text(wanted)}, which does not fit in the disk quota of {owner}. Try again after {owner} "
        f"has deleted files or workspaces. {ask_contact(contact)}",
        kind=Kind.DISK,
    )


def disk_is_over(disk: Usage[int], *, contact: str) -> QuotaExceeded:
    """Return the error for a user who is over their disk quota."""
    return QuotaExceeded(
        f"You use {size_text(disk.certain)} of disk; your quota is {size_text(disk.limit or 0)}. You cannot launch, "
        "upload or create anything until you delete files or workspaces. Your sessions keep running. "
        f"{ask_contact(contact)}",
        kind=Kind.DISK,
    )


def core_hours_exceeded(
    hours: Usage[Decimal], wanted: Decimal, *, period: timedelta, enough_at: datetime | None, contact: str
) -> QuotaExceeded:
    """Return the error for a launch of `wanted` core hours.

    `enough_at` is when enough past use no longer counts; None: not before running jobs end.
    """
    limit = hours.limit or Decimal(0)
    if wanted > limit:
        text = (
            f"This needs {format_number(wanted)} core hours, more than your quota of {format_number(limit)}. {LESS}. "
            f"{ask_contact(contact)}"
        )
        return QuotaExceeded(text, kind=Kind.CORE_HOURS, is_final=True)
    when = f"at {at(enough_at)}" if enough_at else "when running jobs have ended"
    return QuotaExceeded(
        f"This needs {format_number(wanted)} core hours, and {format_number(hours.left or Decimal(0))} of your "
        f"{format_number(limit)} are left: {format_number(hours.used)} were used in the last {period.days} days, "
        f"and {format_number(hours.reserved)} are reserved for running jobs. Enough will be available {when}. {LESS}. "
        f"{ask_contact(contact)}",
        kind=Kind.CORE_HOURS,
    )


LESS = "Choose fewer CPUs or less time"


def sessions_exceeded(sessions: Usage[int], *, contact: str) -> QuotaExceeded:
    """Return the error for one more session than the quota allows."""
    wait = f", or wait until one reaches its time limit at {at(sessions.frees_at)}" if sessions.frees_at else ""
    text = f"You have {sessions.taken} of {sessions.limit} sessions. Stop one{wait}. {ask_contact(contact)}"
    return QuotaExceeded(text, kind=Kind.RUNNING_SESSIONS, is_final=sessions.limit == 0)


def time_limit_needed(parameter: str, *, contact: str) -> QuotaExceeded:
    """Return the error for a launch without a time limit; `parameter` sets one, empty where none does."""
    if parameter:
        text = f"Your core hours are limited, so a launch needs a time limit: set {parameter}."
    else:
        text = f"Your core hours are limited, and launches on this resource have no time limit. {ask_contact(contact)}"
    return QuotaExceeded(text, kind=Kind.CORE_HOURS, is_final=True)


def ask_contact(contact: str) -> str:
    """Return the sentence that names the contact."""
    return f"For more, ask {contact or 'the operators of this server'}."


def format_number(number: Decimal) -> str:
    """Return a number with at most two decimals, without zeros at the end."""
    # `normalize` alone turns 100 into 1E+2; the format `f` prints it without an exponent.
    return f"{number.quantize(HUNDREDTH).normalize():f}"


def at(moment: datetime) -> str:
    """Return a time in UTC, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
