"""The SQL that raw lists make of parts of Django that are not public, pinned for the running version of Django."""

import django
import pytest
from django.contrib.auth.models import Group
from django.db.models import QuerySet

from user_workspaces.accounts.models import User
from user_workspaces.db import raw_lists
from user_workspaces.jobs import queries as jobs
from user_workspaces.workflows import queries as workflows
from user_workspaces.workspaces import queries as workspaces
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
OWNER = 7
W = '"workspaces_workspace"'
LISTED = f'(NOT {W}."awaits_acceptance" AND NOT {W}."holds_runs" AND {W}."owner_id" = %s'
WHAT_TO_CHECK = f"""
Django {django.get_version()} compiles this list to other SQL than the version before. Check in db/raw_lists.py:
1. `_condition`: `query.where` still holds the whole WHERE, and `compile` returns it with its parameters in order;
2. `_is_plain`: `alias_refcount`, `annotations`, `distinct` and `combinator` still show everything but a plain SELECT;
3. `_order` and the slices: `order_by`, `low_mark` and `high_mark` still hold all of the ordering and of the slice.
Compare the SQL with `str(queryset.query)`, run tests/api/test_rows.py on SQLite and PostgreSQL,
then pin the new SQL here.
"""


def check(found: object, expected: object) -> None:
    assert found == expected, f"{WHAT_TO_CHECK}\nfound:    {found}\nexpected: {expected}"


def sql_of(rows: QuerySet[Workspace], *columns: str) -> tuple[str, tuple[object, ...]]:
    """Return the SQL of a page with its number of rows."""
    condition, query = raw_lists._condition(rows), rows.query
    assert condition is not None
    cut = raw_lists._limit_offset(condition, query.low_mark, query.high_mark)
    selected = raw_lists._selected(condition.model, columns)
    return raw_lists._select(condition, selected, cut=cut, skips=query.low_mark > 0, counted=True)


@pytest.mark.parametrize(
    ("listed", "where", "order"),
    [
        (workspaces.LISTED, f" WHERE {LISTED})", f' ORDER BY {W}."id" DESC'),
        (jobs.LISTED, ' WHERE "jobs_job"."owner_id" = %s', ' ORDER BY "jobs_job"."id" DESC'),
        (
            workflows.LISTED,
            ' WHERE "workflows_run"."owner_id" = %s',
            ' ORDER BY "workflows_run"."datetime_created" DESC, "workflows_run"."id" DESC',
        ),
    ],
)
def test_sql_of_the_lists_of_a_user(listed: raw_lists.PerOwnerQuery, where: str, order: str) -> None:
    condition = listed.of(OWNER)
    check((condition.where, condition.order, condition.parameters), (where, order, (OWNER,)))


def test_sql_of_a_filtered_page() -> None:
    rows = workspaces.workspaces_of(User(pk=OWNER)).filter(name="x")[5:15]
    where, order = f'FROM {W} WHERE {LISTED} AND {W}."name" = %s)', f'ORDER BY {W}."id" DESC'
    page = f'WHERE {W}."id" IN (SELECT {W}."id" {where} {order} LIMIT 10 OFFSET 5) {order}'
    selected = f'{W}."id", CAST({W}."current" AS text), (SELECT COUNT(*) {where})'
    expected = f"SELECT {selected} FROM {W} {page}"  # noqa: S608  compared, never run
    check(sql_of(rows, "id", "current"), (expected, (OWNER, "x", OWNER, "x")))


def test_condition_and_order_are_those_of_the_queryset() -> None:
    rows = workspaces.workspaces_of(User(pk=OWNER)).filter(name="x", disk_space__gt=1).order_by("-disk_space", "id")
    condition = raw_lists._condition(rows)
    assert condition is not None
    sql, parameters = rows.only("id").query.sql_with_params()
    own = f'SELECT {W}."id" FROM {W}{condition.where}{condition.order}'  # noqa: S608  compared, never run
    ascending = own.removesuffix(f'{W}."id"') + f'{W}."id" ASC'  # Django writes the default, too
    check((ascending, condition.parameters), (sql, tuple(parameters)))


def test_queries_that_are_not_plain_are_noticed() -> None:
    """Otherwise raw SQL would silently leave out a join, a DISTINCT or a second SELECT."""
    rows, group = Workspace.objects.all(), Group.objects.create(name="g")
    for asked in (
        rows.filter(owner__groups=group),
        rows.filter(owner__username="ada"),
        rows.select_related("owner").filter(owner__is_active=True),
        rows.distinct(),
        rows.union(rows),
        rows.annotate(size=workspaces._ListLength("files")),
    ):
        check(raw_lists._is_plain(asked.query), expected=False)
    check(raw_lists._is_plain(rows.filter(owner_id=OWNER).query), expected=True)
