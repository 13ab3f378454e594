"""Retention rules: which files are deleted, when, and what clients are told of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from runs import Runner, controlled, specification
from user_workspaces.accounts.models import User
from user_workspaces.controller.runs import tend_runs
from user_workspaces.errors import InvalidRequest
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.actions import Start, create_run, restart_run, start_run, stop_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.retention import FILES_A_PASS, rules_of
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db
RULES = {"**/*.tmp": 2, "scratch": 0, "**/*": 30}
FILES = ("data.txt", "reana.yaml", "results/out.txt", "results/a.tmp", "scratch/deep/b.txt", "rest.txt")


def made(owner: User, rules: dict[str, int] | None = None, files: Iterable[str] = FILES) -> Run:
    document: dict[str, Any] = specification()
    document["workspace"] = {"retention_days": rules or RULES}
    run = create_run(owner=owner, name="hello", document=document, now=timezone.now())
    home = home_of(run.workspace)
    for name in files:
        home.storage.write(home.place, name, [b"x"])
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
    return home.storage.locate(home.place)


def left(run: Run) -> set[str]:
    return {str(path.relative_to(folder(run))) for path in folder(run).rglob("*") if path.is_file()}


def told(run: Run, now: datetime) -> list[tuple[str, str]]:
    return [(rule.pattern, rule.status.value) for rule in rules_of(fresh(run), now=now)]


def test_files_go_after_their_days_and_inputs_and_outputs_stay(ada: User, resource: FakeResource) -> None:
    run = made(ada)
    now = timezone.now()
    assert told(run, now) == [("scratch", "created"), ("**/*.tmp", "created"), ("**/*", "created")]
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
        assert fresh(run).next_check_at == due
        assert tend_runs(now=due - timedelta(seconds=1)) == 0
        assert left(run) == before
        tend_runs(now=due)
        assert before - left(run) == gone
        assert [state for _, state in told(run, due)] == states
    assert not (folder(run) / "scratch").exists()
    assert left(run) == {"data.txt", "reana.yaml", "results/out.txt"}
    assert fresh(run).next_check_at is None


def end_of(day: datetime, days: int) -> datetime:
    return (day.astimezone(UTC) + timedelta(days=days)).replace(hour=23, minute=59, second=59, microsecond=0)


def test_a_rule_that_could_not_be_applied_yet_is_pending(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"*.txt": 1}), resource)
    due = end_of(run.datetime_finished or timezone.now(), 1)
    assert told(run, due + timedelta(hours=1)) == [("*.txt", "pending")]
    tend_runs(now=due + timedelta(hours=1))
    assert told(run, due + timedelta(hours=1)) == [("*.txt", "applied")]
    assert "rest.txt" not in left(run)


def test_a_restart_ends_the_rules_of_the_earlier_runs(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"**/*.tmp": 1}), resource, "failed")
    again = restart_run(run=run, start=Start(), now=timezone.now())
    later = timezone.now() + timedelta(days=3)
    assert (told(run, later), told(again, later)) == ([("**/*.tmp", "inactive")], [("**/*.tmp", "created")])
    Run.objects.filter(pk=again.pk).update(next_check_at=later + timedelta(days=9))
    tend_runs(now=later)
    assert "results/a.tmp" in left(run)
    Run.objects.filter(pk=again.pk).update(next_check_at=timezone.now())
    again = finished(again, resource)
    tend_runs(now=later)
    assert told(again, later) == [("**/*.tmp", "applied")]
    assert "results/a.tmp" not in left(run)


def test_a_run_that_was_stopped_keeps_its_files(ada: User, resource: FakeResource) -> None:
    run = made(ada, {"**/*.tmp": 0})
    controlled()
    Runner(run, resource).begin()
    controlled()
    stop_run(run=fresh(run), now=timezone.now())
    for _ in range(3):
        controlled()
    later = timezone.now() + timedelta(days=3)
    tend_runs(now=later)
    assert told(run, later) == [("**/*.tmp", "inactive")]
    assert "results/a.tmp" in left(run)


def test_a_run_that_ended_before_rules_were_applied_keeps_its_files(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"**/*.tmp": 0}), resource)
    Run.objects.filter(pk=run.pk).update(retention_since=None, next_check_at=None)
    later = timezone.now() + timedelta(days=3)
    tend_runs(now=later)
    assert told(run, later) == [("**/*.tmp", "inactive")]
    assert "results/a.tmp" in left(run)


def test_many_files_take_several_passes(ada: User, resource: FakeResource) -> None:
    run = finished(made(ada, {"many": 0}, [f"many/{number}.tmp" for number in range(FILES_A_PASS + 1)]), resource)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    tend_runs(now=due)
    assert len(left(run)) == 1
    assert told(run, due + timedelta(seconds=1)) == [("many", "pending")]
    again = fresh(run).next_check_at
    assert again is not None
    tend_runs(now=again)
    assert left(run) == set()


def test_a_file_that_is_closed_stays_and_keeps_no_other(ada: User, resource: FakeResource) -> None:
    """It is tried again for a day, and then given up."""
    run = finished(made(ada, {"**/*.tmp": 0}, ["a/closed.tmp", "b/open.tmp"]), resource)
    (folder(run) / "a").chmod(0o500)
    due = end_of(run.datetime_finished or timezone.now(), 0)
    tend_runs(now=due)
    assert told(run, due) == [("**/*.tmp", "pending")]
    tend_runs(now=due + timedelta(days=2))
    (folder(run) / "a").chmod(0o700)
    assert (left(run), told(run, due + timedelta(days=2))) == ({"a/closed.tmp"}, [("**/*.tmp", "applied")])


def test_a_pattern_that_would_take_for_ever_is_refused_when_the_run_is_made(ada: User) -> None:
    with pytest.raises(InvalidRequest, match="This pattern is too long"):
        made(ada, {"*a" * 50: 1}, ())
    assert not Run.objects.exists()
