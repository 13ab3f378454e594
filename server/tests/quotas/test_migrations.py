"""Migrations of quotas keep the rows that a running server has."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from user_workspaces.accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("quotas", "0003_disk_in_gibibytes")]
AFTER = [("quotas", "0004_target_of_reservations")]


@pytest.fixture
def migrate() -> Iterator[Callable[[list[tuple[str, str]]], None]]:
    """Migrate to a state, and to the newest one at the end."""

    def to(state: list[tuple[str, str]]) -> None:
        MigrationExecutor(connection).migrate(state)

    yield to
    to([key for key in MigrationExecutor(connection).loader.graph.leaf_nodes() if key[0] == "quotas"])


def test_reservations_survive_the_renames_of_their_fields(
    make_user: Callable[[], User], migrate: Callable[[list[tuple[str, str]]], None]
) -> None:
    owner, now = make_user(), timezone.now()
    migrate(BEFORE)
    with connection.cursor() as cursor:
        for change in (None, 7):
            cursor.execute(
                "INSERT INTO quotas_diskreservation (user_id, place, size, expires_at, settled_as, upload) "
                "VALUES (%s, 3, 4096, %s, %s, 'u')",
                [owner.pk, now, change],
            )
    migrate(AFTER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT target, size, committed_change, upload FROM quotas_diskreservation ORDER BY id")
        assert cursor.fetchall() == [(3, 4096, None, "u"), (3, 4096, 7, "u")]
