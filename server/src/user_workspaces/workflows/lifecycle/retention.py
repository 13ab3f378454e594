"""Retention rules of runs: after how many days files that match a pattern are deleted."""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from user_workspaces.db.leases import lease_length
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.observability.warning_log import EXPECTED, WARNINGS
from user_workspaces.workflows.lifecycle.plan import specification_of
from user_workspaces.workflows.lifecycle.prune import KeptPaths, remove, remove_if_empty
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.patterns import Pattern, patterns_of
from user_workspaces.workflows.queries import workspace_of
from user_workspaces.workflows.status import ENDED
from user_workspaces.workspaces.files import walk_folder
from user_workspaces.workspaces.models import Workspace

logger = logging.getLogger(__name__)

AT_ONCE, TRY_AGAIN = timedelta(milliseconds=250), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)
SECONDS_A_PASS = 0.5
"""The longest time that the controller spends on one run before it checks others."""
REST_PER_SECOND = 10
"""Seconds of pause per second that a pass took."""
MOST_WALKS = 8
"""Runs with unfinished passes, each with open folders; further ones wait."""


class RuleStatus(StrEnum):
    """The values are REANA's."""

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


@dataclass(slots=True)
class _Walk:
    """The position in a run's files. The next pass continues from it; a new process starts from the beginning."""

    due: frozenset[str]
    patterns: list[Pattern]
    kept: KeptPaths
    entries: Iterator[Entry]
    folders: list[Entry] = field(default_factory=list)
    """Folders to remove at the end if empty, inner ones first."""
    has_failed: bool = False

    def takes(self, entry: Entry) -> bool:
        """Return whether a rule applies to this file or folder."""
        return not self.kept.has(entry.path) and any(pattern.fits(entry.path) for pattern in self.patterns)


# Without a lock: only the controller's thread for runs uses it.
_walks: dict[uuid.UUID, _Walk] = {}


def rules_of(run: Run, *, now: datetime) -> list[Rule]:
    """Return the rules in the order of their dates."""
    rules = sorted(specification_of(run).retention, key=lambda rule: rule.days)
    since = run.retention_since
    dates = [None if since is None else _end_of_day(since, rule.days) for rule in rules]
    applied = [one for one in dates if one is not None and _is_applied(one, run.retain_at, dates)]
    return [
        Rule(
            uuid.uuid5(run.pk, rule.pattern),  # rules have no rows: their IDs are derived
            rule.pattern,
            rule.days,
            date,
            _status(run, date, now, is_done=date in applied),
        )
        for rule, date in zip(rules, dates, strict=True)
    ]


def _is_applied(date: datetime, again: datetime | None, dates: list[datetime | None]) -> bool:
    """Return whether a rule has been applied: no further pass is planned, or the next one is for a later rule."""
    return again is None or (again in dates and date < again)


def first_date(run: Run, *, since: datetime) -> datetime | None:
    """Return the date of the first rule of a run that ended at `since`; None without rules."""
    return min((_end_of_day(since, rule.days) for rule in specification_of(run).retention), default=None)


def retain_files(*, now: datetime) -> int:
    """Apply the due rules of one run for a short time; return the number of runs, 0 or 1."""
    _forget_walks(now)
    found = Run.objects.filter(retain_at__lte=now)
    if len(_walks) >= MOST_WALKS:
        # Each walk keeps folders open, and a process may have a limited number of file descriptors.
        found = found.filter(pk__in=list(_walks))
    run = found.select_related("owner").order_by("retain_at").first()
    if run is None or not _retain_again(run, at=now + lease_length()):
        return 0
    started = time.monotonic()
    again = _apply_rules(run, now=now)
    if again is None:
        _walks.pop(run.pk, None)
        dates = (rule.apply_on for rule in rules_of(run, now=now))
        _retain_again(run, at=min((date for date in dates if date is not None and date > now), default=None))
    else:
        rest = timedelta(seconds=(time.monotonic() - started) * REST_PER_SECOND)
        _retain_again(run, at=now + max(again, min(rest, TRY_AGAIN)))
    return 1


def _forget_walks(now: datetime) -> None:
    """Close the walks of runs that were restarted, deleted, or finished by another controller."""
    if _walks:
        soon = Run.objects.filter(pk__in=list(_walks), retain_at__lte=now + TRY_AGAIN)
        for key in _walks.keys() - set(soon.values_list("pk", flat=True)):
            del _walks[key]


def _retain_again(run: Run, *, at: datetime | None) -> bool:
    """Set when the rules are applied next, which is also the lease, unless another process has changed it."""
    changed = bool(Run.objects.filter(pk=run.pk, retain_at=run.retain_at).update(retain_at=at))
    if changed:
        run.retain_at = at
    return changed


def _apply_rules(run: Run, *, now: datetime) -> timedelta | None:
    """Delete files by all due rules; return the time until the next pass, None if done or given up."""
    due = {rule.pattern: rule.apply_on for rule in rules_of(run, now=now) if rule.apply_on and rule.apply_on <= now}
    if not due:
        return None
    try:
        workspace = workspace_of(run)
        walk = _walk_of(run, workspace, frozenset(due))
        if not _remove_files(run, walk, workspace, now=now):
            return AT_ONCE
        has_failed = walk.has_failed
    except NotFound:
        return None
    except EXPECTED as error:  # a user's files may be in any state
        WARNINGS.warn(logger, f"run {run.pk}", error)
        has_failed = True
    except Exception:  # a fault in one run must not stop the rules of the others: log it, retry later
        logger.exception("run %s: its retention rules could not be applied", run.pk)
        has_failed = True
    _walks.pop(run.pk, None)
    return TRY_AGAIN if has_failed and now <= max(due.values()) + GIVE_UP_AFTER else None


def _walk_of(run: Run, workspace: Workspace, due: frozenset[str]) -> _Walk:
    walk = _walks.get(run.pk)
    if walk is None or walk.due != due:
        kept = KeptPaths.of(run, include_inputs=False, include_outputs=False)
        walk = _walks[run.pk] = _Walk(due, patterns_of(due), kept, walk_folder(workspace=workspace, path=""))
    return walk


def _remove_files(run: Run, walk: _Walk, workspace: Workspace, *, now: datetime) -> bool:
    """Remove the next files; return True after the last one, or if the run was restarted or deleted meanwhile."""
    until = time.monotonic() + SECONDS_A_PASS
    for entry in walk.entries:
        if walk.takes(entry):
            if entry.kind is EntryKind.DIRECTORY:
                walk.folders.append(entry)
            elif not Run.objects.filter(pk=run.pk, retain_at=run.retain_at).exists():
                return True  # restarted or deleted: checked before each file, because its files are in use again
            else:
                try:
                    remove(workspace, entry, now=now)
                except EXPECTED:  # not permitted, or the storage fails: delete the other files
                    walk.has_failed = True
        if time.monotonic() > until:
            return False
    while walk.folders:
        with suppress(*EXPECTED):
            remove_if_empty(workspace, walk.folders.pop(), now=now)
        if time.monotonic() > until:
            return False
    return True


def _end_of_day(since: datetime, days: int) -> datetime:
    return (since + timedelta(days=days)).replace(hour=23, minute=59, second=59, microsecond=0)


def _status(run: Run, date: datetime | None, now: datetime, *, is_done: bool) -> RuleStatus:
    if date is None:
        return RuleStatus.INACTIVE if run.status in ENDED else RuleStatus.CREATED
    if date > now:
        return RuleStatus.ACTIVE
    return RuleStatus.APPLIED if is_done else RuleStatus.PENDING
