"""Finds the tables with due rows in one cheap query; called about 20 times a second."""

from datetime import datetime, timedelta
from functools import cache

from django.db import connection
from django.db.models import Model

from user_workspaces.environments import queries as environments
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.jobs import queries as jobs
from user_workspaces.jobs.models import Job
from user_workspaces.sharing import queries as sharing
from user_workspaces.sharing.models import Share
from user_workspaces.workflows.lifecycle import fair_queue
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces import queries as workspaces
from user_workspaces.workspaces.models import Workspace

TABLES: dict[type[Model], timedelta] = {
    Job: jobs.LONGEST_WAIT,
    Workspace: workspaces.LONGEST_WAIT,
    Share: sharing.LONGEST_WAIT,
    Run: fair_queue.LONGEST_WAIT,
    PreparedEnvironment: environments.LONGEST_WAIT,
}
"""Tables with an indexed `next_check_at`, and the longest wait that it may name: see `db.leases.due`."""


def tables_with_due_rows(*, now: datetime) -> list[type[Model]]:
    """Return the tables with at least one due row.

    The SQL text is built once per process: to build it with the ORM each time takes many times longer than to run it.
    """
    moments = [moment for longest in TABLES.values() for moment in (now, now + longest)]
    with connection.cursor() as cursor:
        # Raw SQL skips the conversions of fields: SQLite stores times as text in UTC, without an offset.
        cursor.execute(_sql(), [connection.ops.adapt_datetimefield_value(moment) for moment in moments])
        found = cursor.fetchone()
    return [table for table, is_due in zip(TABLES, found, strict=True) if is_due]


@cache
def _sql() -> str:
    names = (connection.ops.quote_name(table._meta.db_table) for table in TABLES)
    # EXISTS ends at the first row. Two of them are two ranges of the index; one OR condition may scan the table.
    checks = (
        f"EXISTS(SELECT 1 FROM {name} WHERE next_check_at <= %s) OR EXISTS(SELECT 1 FROM {name} "  # noqa: S608  table names of our models
        "WHERE next_check_at > %s AND (lease_until IS NULL OR lease_until <> next_check_at))"
        for name in names
    )
    return f"SELECT {', '.join(checks)}"
