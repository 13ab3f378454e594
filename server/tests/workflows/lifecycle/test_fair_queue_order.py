"""The order of the queue: fair between users, FIFO for each user."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from support.runs import controlled, queued
from user_workspaces.accounts.models import User
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.fair_queue import (
    QueueCounts,
    QueueHead,
    ahead_of,
    in_order,
    next_run,
    position_of,
    running_by_user,
)
from user_workspaces.workflows.models import Run

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADA, GRACE, JOAN = 1, 2, 3


def line(owner: int, minute: int = 0) -> QueueHead:
    return QueueHead(owner, "local", NOW + timedelta(minutes=minute), first=uuid4(), due_at=NOW)


def owners(lines: list[QueueHead]) -> list[int]:
    return [one.owner_id for one in lines]


def test_fewest_running_first_then_longest_waiting() -> None:
    lines = [line(ADA, 0), line(GRACE, 2), line(JOAN, 1)]
    assert owners(in_order(lines, {})) == [ADA, JOAN, GRACE]
    assert owners(in_order(lines, {ADA: 2, JOAN: 1})) == [GRACE, JOAN, ADA]
    assert owners(in_order(lines, {ADA: 1, GRACE: 1, JOAN: 1})) == [ADA, JOAN, GRACE]


def start_order(users: list[int], running: dict[int, int]) -> list[int]:
    """Simulate the queue start by start; return the indexes of the runs in their order."""
    left, have, order = list(enumerate(users)), dict(running), list[int]()
    while left:
        fewest = min(have.get(owner, 0) for _, owner in left)
        first = next(one for one in left if have.get(one[1], 0) == fewest)
        left.remove(first)
        have[first[1]] = fewest + 1
        order.append(first[0])
    return order


@given(st.lists(st.integers(1, 4), max_size=30), st.dictionaries(st.integers(1, 4), st.integers(0, 5)))
def test_position_is_number_of_earlier_starts(users: list[int], running: dict[int, int]) -> None:
    for before, location in enumerate(start_order(users, running)):
        queue = {owner: QueueCounts(users.count(owner), users[:location].count(owner)) for owner in users}
        assert position_of(users[location], queue, running) == before


@pytest.mark.django_db
def test_runs_on_other_resource_wait_in_own_line(ada: User) -> None:
    held, behind, elsewhere = (queued(ada, name) for name in ("held", "behind", "elsewhere"))
    Run.objects.filter(pk=elsewhere.pk).update(resource="cluster")
    now = timezone.now()
    assert next_run(now=now) == held.pk
    Run.objects.filter(pk=held.pk).update(next_check_at=now + timedelta(seconds=15))
    assert next_run(now=now) == elsewhere.pk
    Run.objects.filter(pk=elsewhere.pk).update(status="stopped")
    assert next_run(now=now) is None
    assert next_run(now=now + timedelta(seconds=15)) == held.pk
    Run.objects.filter(pk=held.pk).update(status="stopped")
    assert next_run(now=now) == behind.pk


@pytest.mark.django_db
def test_two_users_share_four_slots(ada: User, make_user: Callable[..., User], resource: FakeResource) -> None:
    for number in range(6):
        queued(ada, f"a{number}")
    hers = [queued(make_user("grace"), f"g{number}") for number in range(3)]
    assert [ahead_of(run) for run in hers] == [1, 3, 5]
    controlled()
    started = Run.objects.filter(status="pending").order_by("job_id").values_list("name", flat=True)
    assert list(started) == ["a0", "g0", "a1", "g1"]
    assert running_by_user() == {ada.pk: 2, make_user("grace").pk: 2}
    assert ahead_of(hers[2]) == 1


@pytest.mark.django_db
def test_run_waiting_for_quota_is_not_overtaken(
    ada: User, make_user: Callable[..., User], limit: Callable[..., None]
) -> None:
    limit(running_sessions=1)
    for name in ("first", "second", "third"):
        queued(ada, name)
    queued(make_user("grace"), "hers")
    controlled()
    assert set(Run.objects.filter(status="pending").values_list("name", flat=True)) == {"first", "hers"}
    assert Run.objects.get(name="second").message
    assert not Run.objects.get(name="third").message
