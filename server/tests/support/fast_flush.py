"""How the database is emptied after a test that commits: row by row, and only of what tests put there.

Django's own way takes every table for itself (which deadlocks with a web process that looks into two of them at the
same moment) and fills in permissions and content types anew each time (which is most of the time of a quick test).
"""

from collections.abc import Iterable
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection

KEPT = frozenset({"django_content_type", "auth_permission"})
"""What migrations make and no test changes."""


def install(patch: pytest.MonkeyPatch) -> None:
    """Empty databases like this for as long as the patch is there."""
    patch.setattr(type(connection.ops), "sql_flush", _row_by_row)
    patch.setattr(flush, "emit_post_migrate_signal", lambda *_args, **_options: None)


def _row_by_row(self: Any, _style: Any, tables: Iterable[str], **_options: bool) -> list[str]:
    """Return the statements, for one transaction at whose end alone references are checked."""
    return [f"DELETE FROM {self.quote_name(table)};" for table in tables if table not in KEPT]  # noqa: S608  own names
