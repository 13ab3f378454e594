"""Progress of jobs: which jobs are read, in a constant number of queries."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from user_workspaces.accounts.models import User
from user_workspaces.jobs import progress
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.progress import (
    newest_job_id,
    progress_of_many,
    progress_of_user,
)

pytestmark = pytest.mark.django_db
Person = Callable[[str], User]
NOW = timezone.now()
LONG_AGO = NOW - timedelta(hours=2)


def job(owner: User, status: str = "pending", *, end: datetime | None = None) -> Job:
    shared = {"workspace_id": 1, "job_type": "jupyter_lab", "resource": "local", "datetime_created": NOW}
    return Job.objects.create(owner=owner, status=status, datetime_end=end, **shared)


def ids(rows: list[progress.JobProgress]) -> list[int]:
    return sorted(row.job_id for row in rows)


def test_progress_matches_job(make_user: Person) -> None:
    ada = make_user("ada")
    made = job(ada, "running")
    [read] = progress_of_user(ada.pk, now=NOW)
    own = {"job_id": made.pk, "owner_id": ada.pk, "epoch": ada.session_epoch}
    names = [field.name for field in fields(progress.JobProgress) if field.name not in own]
    assert asdict(read) == own | {name: getattr(made, name) for name in names}
    assert not read.has_ended


def test_user_progress_contains_live_and_recently_ended_jobs(make_user: Person) -> None:
    ada, other = make_user("ada"), make_user("other")
    wanted = [job(ada), job(ada, "running"), job(ada, "stopping"), job(ada, "failed", end=NOW)]
    job(ada, "complete", end=LONG_AGO)
    job(other)
    assert [row.job_id for row in progress_of_user(ada.pk, now=NOW)] == [one.pk for one in wanted]
    assert ids(progress_of_user(other.pk, now=NOW)) == [newest_job_id()]


def test_user_progress_contains_live_jobs_among_many_ended(
    make_user: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ada = make_user("ada")
    live = job(ada, "running")
    shared = {"workspace_id": 1, "job_type": "x", "resource": "local", "datetime_created": NOW}
    Job.objects.bulk_create(
        Job(owner=ada, status="complete", datetime_end=NOW, **shared) for _ in range(progress.NEWEST + 50)
    )
    with django_assert_num_queries(2):
        found = progress_of_user(ada.pk, now=NOW)
    assert found[0].job_id == live.pk
    assert len(found) == 1 + progress.NEWEST


def test_progress_of_many_takes_one_query(make_user: Person, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ada, other = make_user("ada"), make_user("other")
    by_id = job(other, "complete", end=LONG_AGO)
    job(other)
    floor = job(ada)
    new, ended = job(ada), job(ada, "complete", end=NOW)
    job(ada, "complete", end=LONG_AGO)
    with django_assert_num_queries(1):
        found = progress_of_many(job_ids={by_id.pk}, owner_ids={ada.pk}, after_id=floor.pk, now=NOW)
    assert ids(found) == [by_id.pk, new.pk, ended.pk]


@pytest.mark.parametrize(("with_ids", "with_owners"), [(True, False), (False, True), (False, False)])
def test_progress_of_no_jobs_is_empty(make_user: Person, with_ids: bool, with_owners: bool) -> None:  # noqa: FBT001  parametrized
    ada = make_user("ada")
    made = job(ada)
    found = progress_of_many(
        job_ids={made.pk} if with_ids else (), owner_ids={ada.pk} if with_owners else (), after_id=0, now=NOW
    )
    assert ids(found) == ([made.pk] if with_ids or with_owners else [])


def test_progress_of_more_jobs_than_one_query_allows(make_user: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "MOST_IN_ONE_QUERY", 3)
    made = [job(make_user(f"p{number}")) for number in range(10)]
    found = progress_of_many(
        job_ids={one.pk for one in made[:7]}, owner_ids={one.owner_id for one in made[4:]}, after_id=0, now=NOW
    )
    assert ids(found) == [one.pk for one in made]


def test_encrypted_columns_are_not_read(make_user: Person) -> None:
    ada = make_user("ada")
    made = job(ada, "running")
    Job.objects.filter(pk=made.pk).update(log_tail="x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("user_workspaces.accounts.encryption.decrypt", None)
        assert ids(progress_of_user(ada.pk, now=NOW)) == [made.pk]


def test_newest_job_id_without_jobs_is_zero() -> None:
    assert newest_job_id() == 0
