"""Whose run is next: fair between people, in order for each of them."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs import controlled, queued
from user_workspaces.accounts.models import User
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queue import Waiting, ahead_of, first_due, in_order, running_by_person

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=15)
ADA, GRACE, JOAN = 1, 2, 3


def waiting(owner: int, *, resource: str = "local", due: datetime | None = NOW) -> Waiting:
    return Waiting(uuid.uuid4(), owner, resource, due)


def owners(queue: list[Waiting]) -> list[int]:
    return [one.owner_id for one in queue]


def test_who_comes_late_does_not_wait_for_all_of_somebody_elses() -> None:
    queue = [*(waiting(ADA) for _ in range(5)), waiting(GRACE), waiting(GRACE)]
    assert owners(in_order(queue, {})) == [ADA, GRACE, ADA, GRACE, ADA, ADA, ADA]


def test_who_has_fewer_running_is_first() -> None:
    queue = [waiting(ADA), waiting(GRACE), waiting(JOAN)]
    assert owners(in_order(queue, {ADA: 2, GRACE: 1})) == [JOAN, GRACE, ADA]
    assert owners(in_order(queue, {ADA: 1, GRACE: 1, JOAN: 1})) == [ADA, GRACE, JOAN]


@given(st.lists(st.integers(1, 4), max_size=30), st.dictionaries(st.integers(1, 4), st.integers(0, 5)))
def test_the_order_is_that_of_serving_one_after_the_other(people: list[int], running: dict[int, int]) -> None:
    queue = [waiting(one) for one in people]
    left, have, served = list(queue), dict(running), list[Waiting]()
    while left:  # the slow way: look each time who has the fewest
        fewest = min(have.get(one.owner_id, 0) for one in left)
        first = next(one for one in left if have.get(one.owner_id, 0) == fewest)
        left.remove(first)
        have[first.owner_id] = fewest + 1
        served.append(first)
    assert in_order(queue, running) == served


def test_one_that_is_not_due_keeps_only_its_own_line_waiting() -> None:
    held, behind, elsewhere, hers = (
        waiting(ADA, due=LATER),
        waiting(ADA),
        waiting(ADA, resource="cluster"),
        waiting(GRACE),
    )
    assert first_due([held, behind, hers], now=NOW) == hers.run_id
    assert first_due([held, behind, elsewhere], now=NOW) == elsewhere.run_id
    assert first_due([held, behind], now=NOW) is None
    assert first_due([held, behind], now=LATER) == held.run_id
    assert first_due([waiting(ADA, due=None), behind], now=LATER) is None


@pytest.mark.django_db
def test_four_places_are_shared_by_two_people(ada: User, person: Callable[..., User], resource: FakeResource) -> None:
    for number in range(6):
        queued(ada, f"a{number}")
    hers = [queued(person("grace"), f"g{number}") for number in range(3)]
    assert [ahead_of(run) for run in hers] == [1, 3, 5]
    controlled()
    begun = Run.objects.filter(status="pending").order_by("job_id").values_list("name", flat=True)
    assert list(begun) == ["a0", "g0", "a1", "g1"]
    assert running_by_person() == {ada.pk: 2, person("grace").pk: 2}
    assert ahead_of(hers[2]) == 1


@pytest.mark.django_db
def test_what_waits_for_quota_is_not_overtaken_by_what_came_later(
    ada: User, person: Callable[..., User], limit: Callable[..., None]
) -> None:
    limit(running_sessions=1)
    for name in ("first", "second", "third"):
        queued(ada, name)
    queued(person("grace"), "hers")
    controlled()
    assert set(Run.objects.filter(status="pending").values_list("name", flat=True)) == {"first", "hers"}
    assert Run.objects.get(name="second").message
    assert not Run.objects.get(name="third").message
