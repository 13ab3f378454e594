"""One query finds the tables with due rows, and uses the index of each table."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from controller.conftest import Driver
from support.fake_copies import offer
from support.runs import created, workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.controller.due import TABLES, tables_with_due_rows
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry
from user_workspaces.sharing.models import Share
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflows(site: Registry) -> Iterator[None]:
    with workflows_on(site):
        yield


@pytest.fixture
def rested(driver: Driver, grace: User, workflows: None) -> Driver:
    """A row in each table, none of them due."""
    driver.launch("local_test")
    offer(driver.workspace, grace)
    created(driver.owner)
    PreparedEnvironment.objects.create(workspace=driver.workspace, datetime_requested=driver.now)
    for table in TABLES:
        table._default_manager.update(next_check_at=None)
        assert table._default_manager.exists()
    return driver


@pytest.mark.parametrize("table", TABLES)
def test_each_table_with_a_due_row_is_found(rested: Driver, table: type[Model]) -> None:
    assert tables_with_due_rows(now=rested.now) == []
    table._default_manager.update(next_check_at=rested.now)
    assert tables_with_due_rows(now=rested.now - timedelta(microseconds=1)) == []
    assert tables_with_due_rows(now=rested.now) == [table]
    assert tables_with_due_rows(now=rested.now + timedelta(days=1)) == [table]


def test_all_tables_take_one_query(rested: Driver) -> None:
    for table in TABLES:
        table._default_manager.update(next_check_at=rested.now)
    with CaptureQueriesContext(connection) as asked:
        assert tables_with_due_rows(now=rested.now) == [Job, Workspace, Share, Run, PreparedEnvironment]
    assert len(asked) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads tables this small as a whole")
def test_no_table_is_scanned(rested: Driver) -> None:
    with CaptureQueriesContext(connection) as asked:
        tables_with_due_rows(now=rested.now)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
        plan = [row[-1] for row in cursor.fetchall()]
    assert len([step for step in plan if "USING COVERING INDEX" in step]) == len(TABLES)
    assert not [step for step in plan if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]
