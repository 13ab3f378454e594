"""One look at all tables with something to do: many times a second, mostly for nothing, and therefore cheap."""

from datetime import datetime
from functools import cache

from django.db import connection
from django.db.models import Model

from user_workspaces.jobs.models import Job
from user_workspaces.sharing.models import Share
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

TABLES: tuple[type[Model], ...] = (Job, Workspace, Share, Run)
"""Each with `next_check_at`, and an index on it."""


def due_tables(*, now: datetime) -> list[type[Model]]:
    """Return the tables in which any row is due, in one query.

    Its text is made once a process: to put it together each time would cost many times what asking does.
    """
    moment = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [moment] * len(TABLES))
        found = cursor.fetchone()
    return [table for table, is_due in zip(TABLES, found, strict=True) if is_due]


@cache
def _sql() -> str:
    names = (connection.ops.quote_name(table._meta.db_table) for table in TABLES)
    looks = (f"EXISTS(SELECT 1 FROM {name} WHERE next_check_at <= %s)" for name in names)  # noqa: S608  our own names
    return f"SELECT {', '.join(looks)}"
