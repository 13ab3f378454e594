"""Runs that may not start now: those behind them go on where they can, and what never can is told so."""

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
from user_workspaces.workflows.lifecycle.actions import Start, create_run, start_run, stop_run
from user_workspaces.workflows.lifecycle.fair_queue import MOST_PASSED_BY
from user_workspaces.workflows.lifecycle.monitor import WAITS_TO_GO_ON
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.locations import write_plan
from user_workspaces.workflows.storage.logs import Wanted, logs_of

pytestmark = pytest.mark.django_db


def asking(owner: User, name: str, minutes: int) -> Run:
    """Queue a run that holds so many minutes of one CPU."""
    asked: Mapping[str, object] = {"time_limit_min": minutes}
    run = create_run(owner=owner, name=name, document=specification(), now=timezone.now(), asked=asked)
    return start_run(run=run, start=Start(), now=timezone.now())


def names(status: str) -> list[str]:
    return list(Run.objects.filter(status=status).order_by("job_id", "datetime_queued").values_list("name", flat=True))


@pytest.fixture
def two_hours(limit: Callable[..., None]) -> None:
    limit(core_hours=Decimal(2))


def test_what_needs_fewer_core_hours_passes_by_and_the_reason_is_told(ada: User, two_hours: None) -> None:
    asking(ada, "first", 60)
    large = asking(ada, "large", 100)
    asking(ada, "small", 30)
    asking(ada, "also-small", 30)
    controlled()
    assert names("pending") == ["first", "small", "also-small"]
    waiting = Run.objects.get(pk=large.pk)
    assert waiting.status == "queued"
    assert "Enough will be available when running jobs have ended" in waiting.message
    assert str(logs_of(waiting, Wanted())["workflow_logs"]) == f"{waiting.message}\n"


def test_what_was_passed_by_comes_before_the_later_ones_when_there_is_room(
    ada: User, two_hours: None, resource: FakeResource
) -> None:
    first = asking(ada, "first", 60)
    asking(ada, "large", 90)
    controlled()
    assert names("queued") == ["large"]
    later = [asking(ada, f"later-{number}", 90) for number in range(2)]
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


def test_what_never_fits_fails_with_the_reason(ada: User, two_hours: None) -> None:
    never = asking(ada, "never", 180)
    asking(ada, "small", 30)
    controlled()
    assert names("pending") == ["small"]
    ended = Run.objects.get(pk=never.pk)
    assert (ended.status, ended.next_check_at) == ("failed", None)
    assert ended.message.startswith(
        "This needs 3 core hours, more than your quota of 2. Choose fewer CPUs or less time"
    )
    assert ended.message in str(logs_of(ended, Wanted())["workflow_logs"])


def test_who_may_run_nothing_at_all_is_told_at_once(ada: User, limit: Callable[..., None]) -> None:
    limit(running_sessions=0)
    queued(ada)
    controlled()
    assert names("failed") == ["hello"]


def test_only_so_many_are_passed_by_then_the_line_holds(
    ada: User, make_user: Callable[..., User], two_hours: None
) -> None:
    asking(ada, "first", 60)
    for number in range(MOST_PASSED_BY + 2):
        asking(ada, f"large-{number:02}", 100)
    asking(ada, "small", 10)
    asking(make_user("grace"), "hers", 10)
    controlled()
    assert names("pending") == ["first", "hers"]
    told = Run.objects.filter(status="queued").exclude(message="")
    assert told.count() == MOST_PASSED_BY + 1
    stop_run(run=told.filter(is_passed_by=True)[0], now=timezone.now())
    stop_run(run=Run.objects.get(name=f"large-{MOST_PASSED_BY + 1}"), now=timezone.now())
    controlled()
    assert "small" in names("pending")


def test_what_is_its_own_trouble_keeps_nobody_waiting(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_plan

    def failing_once(*troubles: Exception) -> None:
        left = list(troubles)
        monkeypatch.setattr(
            launch, "write_plan", lambda *told: (_ for _ in ()).throw(left.pop(0)) if left else whole(*told)
        )

    queued(ada, "broken")
    queued(ada, "odd")
    queued(ada, "sound")
    failing_once(StorageError("A directory is in the way."), RuntimeError("nobody thought of this"))
    controlled()
    assert names("pending") == ["sound"]
    assert Run.objects.get(name="broken").message == "A directory is in the way."
    assert Run.objects.get(name="odd").message == launch.SURPRISE
    assert not Run.objects.filter(status="queued", next_check_at__lt=timezone.now() + timedelta(seconds=1)).exists()


def test_a_run_whose_workspace_is_gone_fails_and_the_next_goes_on(ada: User) -> None:
    gone = queued(ada, "gone")
    gone.workspace.delete()
    queued(ada, "sound")
    controlled()
    assert (names("failed"), names("pending")) == (["gone"], ["sound"])
    assert Run.objects.get(pk=gone.pk).message == "The workspace of gone.1 is deleted."


def test_a_run_that_was_torn_away_waits_for_room_to_go_on(
    ada: User, limit: Callable[..., None], resource: FakeResource
) -> None:
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
    assert Run.objects.get(name="torn").message.startswith(f"{WAITS_TO_GO_ON} You have 1 of 1 sessions.")
    other.end()
    for _ in range(3):
        controlled()
    going = Run.objects.get(name="torn")
    assert (going.status, going.jobs_started, going.message) == ("running", 2, "")


def test_every_refusal_is_either_final_or_waited_for() -> None:
    assert launch.is_retryable(StorageError("later"))
    assert not launch.is_retryable(UserWorkspacesError("never"))
