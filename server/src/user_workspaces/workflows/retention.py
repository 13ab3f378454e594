"""Retention rules of a run: its specification says after how many days which of its files are deleted."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from user_workspaces.errors import NotFound, StorageError
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.patterns import Pattern
from user_workspaces.workflows.planning import specification_of
from user_workspaces.workflows.pruning import Kept, remove, remove_if_empty
from user_workspaces.workflows.queries import workspace_of
from user_workspaces.workflows.status import ENDED
from user_workspaces.workspaces.files import walk_folder
from user_workspaces.workspaces.models import Workspace

AT_ONCE, TRY_AGAIN, GIVE_UP_AFTER = timedelta(milliseconds=250), timedelta(hours=1), timedelta(days=1)
FILES_A_PASS = 500
"""So many are removed before the controller looks after other runs."""


class RuleStatus(StrEnum):
    """What clients know; the words are REANA's."""

    CREATED = "created"
    """The run has not ended."""
    ACTIVE = "active"
    INACTIVE = "inactive"
    """The run was restarted in the same workspace, or did not end by itself."""
    PENDING = "pending"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a run."""

    id: uuid.UUID
    pattern: str
    days: int
    apply_on: datetime | None
    status: RuleStatus


def rules_of(run: Run, *, now: datetime) -> list[Rule]:
    """Return the rules, the first to be applied first."""
    rules = sorted(specification_of(run).retention, key=lambda rule: rule.days)
    dates = [_apply_on(run, rule.days) for rule in rules]
    next_date = min((date for date in dates if date is not None and date > now), default=None)
    is_done = run.next_check_at is None or run.next_check_at == next_date
    return [
        Rule(uuid.uuid5(run.pk, rule.pattern), rule.pattern, rule.days, date, _status(run, date, now, is_done=is_done))
        for rule, date in zip(rules, dates, strict=True)
    ]


def next_date_of(run: Run, *, now: datetime) -> datetime | None:
    """Return when the next of a run's rules is to be applied; None: there is none left."""
    dates = (rule.apply_on for rule in rules_of(run, now=now))
    return min((date for date in dates if date is not None and date > now), default=None)


def apply_rules(run: Run, *, now: datetime) -> timedelta | None:
    """Delete the files of all rules that are due, but for inputs and outputs; return when to go on, None: all is done.

    Stops where the run is restarted meanwhile: from then on its rules do not count.
    """
    due = {rule.pattern: rule.apply_on for rule in rules_of(run, now=now) if rule.apply_on and rule.apply_on <= now}
    if not due:
        return None
    try:
        workspace = workspace_of(run)
    except NotFound:
        return None
    patterns = [Pattern(pattern) for pattern in due]
    kept = Kept.of(run, include_inputs=False, include_outputs=False)
    entries = walk_folder(workspace=workspace, path="")
    doomed = [one for one in entries if not kept.has(one.path) and any(each.fits(one.path) for each in patterns)]
    again = _remove_all(run, workspace, doomed, now=now)
    return None if again == TRY_AGAIN and now > max(due.values()) + GIVE_UP_AFTER else again


def _remove_all(run: Run, workspace: Workspace, doomed: list[Entry], *, now: datetime) -> timedelta | None:
    removed, again = 0, None
    for entry in doomed:
        if entry.kind is EntryKind.DIRECTORY:
            continue
        if removed >= FILES_A_PASS:
            return AT_ONCE
        if not Run.objects.filter(pk=run.pk, retention_since__isnull=False).exists():
            return None
        try:
            remove(workspace, entry, now=now)
            removed += 1
        except StorageError:  # closed by the person, or the storage fails now: the other files go all the same
            again = TRY_AGAIN
    for entry in reversed(doomed):
        if entry.kind is EntryKind.DIRECTORY:
            with suppress(StorageError):
                remove_if_empty(workspace, entry, now=now)
    return again


def _apply_on(run: Run, days: int) -> datetime | None:
    """Return the end of the day, so many days after the end of the run."""
    if run.retention_since is None:
        return None
    last_day = run.retention_since + timedelta(days=days)
    return last_day.replace(hour=23, minute=59, second=59, microsecond=0)


def _status(run: Run, date: datetime | None, now: datetime, *, is_done: bool) -> RuleStatus:
    if date is None:
        return RuleStatus.INACTIVE if run.status in ENDED else RuleStatus.CREATED
    if date > now:
        return RuleStatus.ACTIVE
    return RuleStatus.APPLIED if is_done else RuleStatus.PENDING
