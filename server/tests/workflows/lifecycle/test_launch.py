"""Runs that cannot start now: later runs may overtake them, and runs that can never start fail."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from support.runs import Runner, controlled, queued, specification
from user_workspaces.accounts.models import User
from user_workspaces.errors import StorageError, UserWorkspacesError
from user_workspaces.interfaces.values import EndedBy
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle import launch
from user_workspaces.workflows.lifecycle.actions import RunRequest, Start, create_run, start_run, stop_run
from user_workspaces.workflows.lifecycle.fair_queue import MOST_SKIPPED
from user_workspaces.workflows.lifecycle.monitor import WAITS_TO_RESUME
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.locations import write_plan
from user_workspaces.workflows.storage.logs import LogSelection, logs_of

pytestmark = pytest.mark.django_db


def queue_run(owner: User, name: str, minutes: int) -> Run:
    """Queue a run that reserves this many minutes of one CPU."""
    asked: Mapping[str, object] = {"time_limit_min": minutes}
    request = RunRequest(owner=owner, name=name, document=specification(), resource_options=asked)
    run = create_run(request, now=timezone.now())
    return start_run(run=run, start=Start(), now=timezone.now())


def names(status: str) -> list[str]:
    return list(Run.objects.filter(status=status).order_by("job_id", "datetime_queued").values_list("name", flat=True))


@pytest.fixture
def two_hours(limit: Callable[..., None]) -> None:
    limit(core_hours=Decimal(2))


def test_smaller_run_overtakes_run_over_core_hours(ada: User, two_hours: None) -> None:
    queue_run(ada, "first", 60)
    large = queue_run(ada, "large", 100)
    queue_run(ada, "small", 30)
    queue_run(ada, "also-small", 30)
    controlled()
    assert names("pending") == ["first", "small", "also-small"]
    waiting = Run.objects.get(pk=large.pk)
    assert waiting.status == "queued"
    assert "Enough will be available when running jobs have ended" in waiting.message
    assert str(logs_of(waiting, LogSelection())["workflow_logs"]) == f"{waiting.message}\n"


def test_skipped_run_starts_before_later_ones_when_possible(ada: User, two_hours: None, resource: FakeResource) -> None:
    first = queue_run(ada, "first", 60)
    queue_run(ada, "large", 90)
    controlled()
    assert names("queued") == ["large"]
    later = [queue_run(ada, f"later-{number}", 90) for number in range(2)]
    runner = Runner(first, resource)
    runner.begin()
    controlled()
    runner.end()
    controlled()
    controlled()
    controlled()
    assert names("pending") == ["large"]
    assert [Run.objects.get(pk=run.pk).status for run in later] == ["queued", "queued"]
    assert not Run.objects.filter(status="pending", message__gt="").exists()


def test_run_over_whole_quota_fails_with_reason(ada: User, two_hours: None) -> None:
    never = queue_run(ada, "never", 180)
    queue_run(ada, "small", 30)
    controlled()
    assert names("pending") == ["small"]
    ended = Run.objects.get(pk=never.pk)
    assert (ended.status, ended.next_check_at) == ("failed", None)
    assert ended.message.startswith(
        "This needs 3 core hours, more than your quota of 2. Choose fewer CPUs or less time"
    )
    assert ended.message in str(logs_of(ended, LogSelection())["workflow_logs"])


def test_user_without_sessions_fails_at_once(ada: User, limit: Callable[..., None]) -> None:
    limit(running_sessions=0)
    queued(ada)
    controlled()
    assert names("failed") == ["hello"]


@pytest.mark.slow
def test_line_waits_after_most_skipped_runs(ada: User, make_user: Callable[..., User], two_hours: None) -> None:
    queue_run(ada, "first", 60)
    for number in range(MOST_SKIPPED + 2):
        queue_run(ada, f"large-{number:02}", 100)
    queue_run(ada, "small", 10)
    queue_run(make_user("grace"), "hers", 10)
    controlled()
    assert names("pending") == ["first", "hers"]
    waiting = Run.objects.filter(status="queued").exclude(message="")
    assert waiting.count() == MOST_SKIPPED + 1
    stop_run(run=waiting.filter(is_passed_by=True)[0], now=timezone.now())
    stop_run(run=Run.objects.get(name=f"large-{MOST_SKIPPED + 1}"), now=timezone.now())
    controlled()
    assert "small" in names("pending")


def test_fault_of_one_run_does_not_block_others(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_plan

    def failing_once(*troubles: Exception) -> None:
        left = list(troubles)
        monkeypatch.setattr(
            launch, "write_plan", lambda *given: (_ for _ in ()).throw(left.pop(0)) if left else whole(*given)
        )

    queued(ada, "broken")
    queued(ada, "odd")
    queued(ada, "sound")
    failing_once(StorageError("A directory is in the way."), RuntimeError("unexpected"))
    controlled()
    assert names("pending") == ["sound"]
    assert Run.objects.get(name="broken").message == "A directory is in the way."
    assert Run.objects.get(name="odd").message == launch.INTERNAL_ERROR
    assert not Run.objects.filter(status="queued", next_check_at__lt=timezone.now() + timedelta(seconds=1)).exists()


def test_run_without_workspace_fails_and_next_starts(ada: User) -> None:
    gone = queued(ada, "gone")
    gone.workspace.delete()
    queued(ada, "sound")
    controlled()
    assert (names("failed"), names("pending")) == (["gone"], ["sound"])
    assert Run.objects.get(pk=gone.pk).message == "The workspace of gone.1 is deleted."


def test_killed_run_waits_for_quota_to_resume(ada: User, limit: Callable[..., None], resource: FakeResource) -> None:
    runners = [Runner(queued(ada, name), resource) for name in ("torn", "other")]
    controlled()
    for runner in runners:
        runner.begin()
    controlled()
    limit(running_sessions=1)
    torn, other = runners
    resource.fail(torn.key, EndedBy.SIGNAL, signal=9)
    controlled()
    controlled()
    assert names("running") == ["torn", "other"]
    assert Run.objects.get(name="torn").message.startswith(f"{WAITS_TO_RESUME} You have 1 of 1 sessions.")
    other.end()
    for _ in range(3):
        controlled()
    going = Run.objects.get(name="torn")
    assert (going.status, going.jobs_started, going.message) == ("running", 2, "")


def test_errors_are_final_or_retryable() -> None:
    assert launch.is_retryable(StorageError("later"))
    assert not launch.is_retryable(UserWorkspacesError("never"))
