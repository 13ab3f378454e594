"""The cost of finding the next run: index lookups per line, independent of the number of queued runs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from support.runs import queued
from user_workspaces.accounts.models import User
from user_workspaces.workflows.lifecycle.fair_queue import next_run
from user_workspaces.workflows.lifecycle.monitor import follow_runs
from user_workspaces.workflows.models import Run

pytestmark = pytest.mark.django_db

EXPLAIN = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "


def analyze_table() -> None:
    """Update the planner's statistics, as autovacuum does after a while."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workflows_run")


def plans(act: Callable[[], object]) -> list[str]:
    """Return the query plans of all queries on runs that `act` sends."""
    with CaptureQueriesContext(connection) as sent:
        act()
    found = list[str]()
    analyze_table()
    with connection.cursor() as cursor:
        for query in sent.captured_queries:
            if "workflows_run" in query["sql"] and not query["sql"].startswith("UPDATE"):
                cursor.execute(EXPLAIN + query["sql"].replace("%", "%%"))
                found.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return found


def crowd(owner: User, number: int) -> None:
    """Queue many copies of one run."""
    first, now = queued(owner), timezone.now()
    Run.objects.bulk_create(
        Run(
            owner=owner,
            name="many",
            major=location + 1,
            status="queued",
            specification=first.specification,
            resource=first.resource,
            workspace=first.workspace,
            storage=first.storage,
            datetime_created=now,
            datetime_queued=now + timedelta(milliseconds=location),
            next_check_at=now,
        )
        for location in range(number)
    )


def test_next_run_takes_same_number_of_queries_for_long_queue(
    ada: User, make_user: Callable[..., User], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = queued(ada)
    for number, owner in enumerate((ada, make_user("grace"), make_user("joan"))):
        crowd(owner, 20 * (number + 1))
    Run.objects.filter(owner=ada).exclude(pk=first.pk).update(is_passed_by=True)
    with django_assert_num_queries(3):
        assert next_run(now=timezone.now()) == first.pk


def test_heads_of_lines_are_found_by_index(ada: User, make_user: Callable[..., User]) -> None:
    crowd(ada, 500)
    crowd(make_user("grace"), 500)
    heads, passed_by = plans(lambda: next_run(now=timezone.now()))
    assert heads.count("run_line") == 2
    assert "run_passed_by" in passed_by
    assert "Sort" not in heads
    assert "SCAN run" not in heads


def test_monitored_runs_are_found_by_index(ada: User) -> None:
    crowd(ada, 500)
    found = plans(lambda: follow_runs(now=timezone.now()))
    assert [plan for plan in found if "run_followed" not in plan] == []
    assert found
