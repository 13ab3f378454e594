"""Retention rules: which files are deleted when, and the statuses for clients."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from support.runs import Runner, controlled, specification
from user_workspaces.accounts.models import User
from user_workspaces.controller.due import tables_with_due_rows
from user_workspaces.controller.runs import process_due_runs
from user_workspaces.errors import InvalidRequest
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle import retention
from user_workspaces.workflows.lifecycle.actions import (
    RunRequest,
    Start,
    create_run,
    delete_run,
    restart_run,
    start_run,
    stop_run,
)
from user_workspaces.workflows.lifecycle.retention import rules_of
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db
RULES = {"**/*.tmp": 2, "scratch": 0, "**/*": 30}
FILES = ("data.txt", "reana.yaml", "results/out.txt", "results/a.tmp", "scratch/deep/b.txt", "rest.txt")


def made(owner: User, rules: dict[str, int] | None = None, files: Iterable[str] = FILES) -> Run:
    document: dict[str, Any] = specification()
    document["workspace"] = {"retention_days": rules or RULES}
    run = create_run(RunRequest(owner=owner, name="hello", document=document), now=timezone.now())
    home = home_of(run.workspace)
    for name in files:
        home.storage.write(home.location, name, [b"x"])
    return start_run(run=run, start=Start(), now=timezone.now())


def finished(run: Run, resource: FakeResource, status: str = "finished") -> Run:
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    runner.end(status)
    for _ in range(3):
        controlled()
    return fresh(run)


def fresh(run: Run) -> Run:
    return Run.objects.select_related("owner", "job").get(pk=run.pk)


def folder(run: Run) -> Path:
    home = home_of(run.workspace)
    return home.storage.locate(home.location)


def left(run: Run) -> set[str]:
    return {str(path.relative_to(folder(run))) for path in folder(run).rglob("*") if path.is_file()}


def statuses(run: Run, now: datetime) -> list[tuple[str, str]]:
    return [(rule.pattern, rule.status.value) for rule in rules_of(fresh(run), now=now)]


def test_files_are_deleted_after_days_except_inputs_and_outputs(ada: User, resource: FakeResource) -> None:
    run = made(ada)
    now = timezone.now()
    assert statuses(run, now) == [("scratch", "created"), ("**/*.tmp", "created"), ("**/*", "created")]
    run = finished(run, resource)
    ended = run.datetime_finished
    assert ended is not None
    assert [rule.apply_on for rule in rules_of(run, now=now)] == [end_of(ended, days) for days in (0, 2, 30)]
    assert left(run) == set(FILES)
    for days, gone, states in (
        (0, {"scratch/deep/b.txt"}, ["applied", "active", "active"]),
        (2, {"results/a.tmp"}, ["applied", "applied", "active"]),
        (30, {"rest.txt"}, ["applied", "applied", "applied"]),
    ):
        before = left(run)
        due = end_of(ended, days)
        assert (fresh(run).retain_at, fresh(run).next_check_at) == (due, None)
        assert process_due_runs(now=due - timedelta(seconds=1)) == 0
        assert left(run) == before
        process_due_runs(now=due)
        assert before - left(run) == gone
        assert [state for _, state in statuses(run, due)] == states
    assert not (folder(run) / "scratch").exists()
    assert left(run) == {"data.txt", "reana.yaml", "results/out.txt"}
    assert fresh(run).retain_at is None


def end_of(day: datetime, days: int) -> datetime:
    return (day.astimezone(UTC) + timedelta(days=days)).replace(hour=23, minute=59, second=59, microsecond=0)


def test_overdue_rule_is_pending(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"*.txt": 1}), resource)
    due = end_of(run.datetime_finished or timezone.now(), 1)
    assert statuses(run, due + timedelta(hours=1)) == [("*.txt", "pending")]
    process_due_runs(now=due + timedelta(hours=1))
    assert statuses(run, due + timedelta(hours=1)) == [("*.txt", "applied")]
    assert "rest.txt" not in left(run)


def test_restart_ends_rules_of_earlier_runs(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"**/*.tmp": 1}), resource, "failed")
    again = restart_run(run=run, start=Start(), now=timezone.now())
    later = timezone.now() + timedelta(days=3)
    assert (statuses(run, later), statuses(again, later)) == ([("**/*.tmp", "inactive")], [("**/*.tmp", "created")])
    Run.objects.filter(pk=again.pk).update(next_check_at=later + timedelta(days=9))
    process_due_runs(now=later)
    assert "results/a.tmp" in left(run)
    Run.objects.filter(pk=again.pk).update(next_check_at=timezone.now())
    again = finished(again, resource)
    process_due_runs(now=later)
    assert statuses(again, later) == [("**/*.tmp", "applied")]
    assert "results/a.tmp" not in left(run)


def test_stopped_run_keeps_files(ada: User, resource: FakeResource) -> None:
    run = made(ada, {"**/*.tmp": 0})
    controlled()
    Runner(run, resource).begin()
    controlled()
    stop_run(run=fresh(run), now=timezone.now())
    for _ in range(3):
        controlled()
    later = timezone.now() + timedelta(days=3)
    process_due_runs(now=later)
    assert statuses(run, later) == [("**/*.tmp", "inactive")]
    assert "results/a.tmp" in left(run)


def test_run_ended_before_rules_existed_keeps_files(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"**/*.tmp": 0}), resource)
    Run.objects.filter(pk=run.pk).update(retention_since=None, retain_at=None)
    later = timezone.now() + timedelta(days=3)
    process_due_runs(now=later)
    assert statuses(run, later) == [("**/*.tmp", "inactive")]
    assert "results/a.tmp" in left(run)


def passes(run: Run, now: datetime) -> datetime:
    """Run passes until the due rules are applied or postponed; return the time of the last pass."""
    while True:
        process_due_runs(now=now)
        again = fresh(run).retain_at
        if again is None or again >= now + timedelta(hours=1):
            return now
        now = again


@pytest.fixture
def short_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pass ends after one file or folder."""
    monkeypatch.setattr(retention, "SECONDS_A_PASS", -1.0)


@pytest.mark.usefixtures("short_passes")
def test_many_files_take_several_passes(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"many": 0}, [f"many/{number}.tmp" for number in range(3)]), resource)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    for remaining in (3, 2, 1):  # the first pass only finds the folder
        process_due_runs(now=fresh(run).retain_at or due)
        assert len(left(run)) == remaining
        assert statuses(run, due + timedelta(seconds=1)) == [("many", "pending")]
    done = passes(run, fresh(run).retain_at or due)
    assert (statuses(run, done), list(folder(run).iterdir())) == ([("many", "applied")], [])


def test_undeletable_file_does_not_block_others(ada: User, resource: FakeResource) -> None:
    """The deletion is retried for a day, and then abandoned."""
    run = finished(made(ada, {"**/*.tmp": 0}, ["a/closed.tmp", "b/open.tmp"]), resource)
    (folder(run) / "a").chmod(0o500)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    process_due_runs(now=due)
    assert statuses(run, due) == [("**/*.tmp", "pending")]
    process_due_runs(now=due + timedelta(days=2))
    (folder(run) / "a").chmod(0o700)
    assert (left(run), statuses(run, due + timedelta(days=2))) == ({"a/closed.tmp"}, [("**/*.tmp", "applied")])


@pytest.mark.usefixtures("short_passes")
def test_undeletable_files_count_towards_pass_time(ada: User, resource: FakeResource) -> None:
    """The next pass continues after them; each file is retried once an hour."""
    files = {f"a/{number}.tmp" for number in range(3)}
    run = finished(made(ada, {"**/*.tmp": 0}, [*files, "b/open.tmp"]), resource)
    (folder(run) / "a").chmod(0o500)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    for _ in range(4):
        process_due_runs(now=fresh(run).retain_at or due)
        assert "b/open.tmp" in left(run)
    last = passes(run, fresh(run).retain_at or due)
    (folder(run) / "a").chmod(0o700)
    assert (left(run), fresh(run).retain_at) == (files, last + timedelta(hours=1))


@pytest.mark.usefixtures("short_passes")
def test_kept_files_are_walked_once(ada: User, resource: FakeResource) -> None:
    """A pass continues where the last one stopped; otherwise it would never reach the end of a large folder."""
    run = finished(made(ada, {"z/*": 0}, ["a.txt", "b.txt", "z/c.txt"]), resource)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    for _ in ("a.txt", "b.txt", "z"):
        process_due_runs(now=fresh(run).retain_at or due)
        assert "z/c.txt" in left(run)
    process_due_runs(now=fresh(run).retain_at or due)
    assert "z/c.txt" not in left(run)


def test_unreadable_workspace_is_abandoned_after_a_day(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"**/*.tmp": 0}), resource)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    folder(run).chmod(0)
    process_due_runs(now=due)
    assert fresh(run).retain_at == due + timedelta(hours=1)
    process_due_runs(now=due + timedelta(days=2))
    folder(run).chmod(0o700)
    assert fresh(run).retain_at is None
    assert "results/a.tmp" in left(run)


@pytest.mark.usefixtures("short_passes")
def test_restart_or_deletion_ends_unfinished_pass(ada: User, resource: FakeResource) -> None:
    restarted, deleted = (finished(made(ada, {"*.txt": 0}), resource) for _ in range(2))
    now = timezone.now() + timedelta(days=2)
    assert [process_due_runs(now=now), process_due_runs(now=now)] == [1, 1]
    restart_run(run=restarted, start=Start(), now=now + timedelta(days=9))
    delete_run(run=deleted, now=now + timedelta(days=9))
    assert not Run.objects.filter(retain_at__isnull=False).exists()
    assert retention.retain_files(now=now + timedelta(days=1)) == 0
    assert "rest.txt" in left(restarted)


def test_future_rules_cost_no_pass(ada: User, resource: FakeResource) -> None:
    """Regression: the table was due twenty times a second until the day of the rule."""
    run = finished(made(ada, {"**/*.tmp": 300}), resource)
    now = timezone.now()
    due = end_of(run.datetime_finished or now, 300)
    assert (run.retain_at, Run in tables_with_due_rows(now=now), process_due_runs(now=now)) == (due, False, 0)
    process_due_runs(now=due)
    assert "results/a.tmp" not in left(run)


def test_total_size_of_patterns_is_limited(ada: User) -> None:
    with pytest.raises(InvalidRequest, match="These patterns are too long in total"):
        made(ada, {f"{number}{'*a' * 20}": 1 for number in range(11)}, ())
    with pytest.raises(InvalidRequest, match="it has more than 50 keys"):
        made(ada, {str(number): 1 for number in range(51)}, ())
    made(ada, {f"**/*.{number}": 1 for number in range(50)}, ())


def test_expensive_pattern_is_rejected_at_creation(ada: User) -> None:
    with pytest.raises(InvalidRequest, match="This pattern is too long"):
        made(ada, {"*a" * 50: 1}, ())
    assert not Run.objects.exists()
