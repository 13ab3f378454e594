"""The health of the server's own parts in `/status/`: database, disk and controller."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.api.server_health import HEALTHY, Controller, Database, DataFolder, disk_problem
from user_workspaces.db.leases import holding
from user_workspaces.jobs.models import Job


@pytest.mark.django_db(transaction=True)
def test_healthy_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONTROLLERS_DIR", tmp_path)
    with holding(tmp_path):
        assert [part().check() for part in (Database, DataFolder, Controller)] == [HEALTHY] * 3


@pytest.fixture
def mounted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A separate file system."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", request.param, "tmpfs", str(tmp_path)], check=True)
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.root
@pytest.mark.parametrize(
    ("mounted", "said"),
    [
        ("size=8m", ""),
        ("size=512k", "The disk of the data folder is full: nothing can be stored. Delete files on it."),
        ("nr_inodes=1", "The disk of the data folder is full: nothing can be stored. Delete files on it."),
        ("ro", "The disk of the data folder is read-only: nothing can be stored."),
    ],
    indirect=["mounted"],
)
def test_full_or_read_only_disk_is_reported(mounted: Path, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DATA_DIR", mounted)
    health = DataFolder().check()
    assert (health.message, health.connected) == (said, not said)
    assert str(mounted) not in health.message


def test_missing_disk_is_reported(tmp_path: Path) -> None:
    assert disk_problem(tmp_path / "gone", of="database") == (
        "The disk of the database cannot be read: No such file or directory."
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="the tests run on another database")
def test_read_only_postgresql_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    options = {**connection.settings_dict["OPTIONS"], "options": "-c default_transaction_read_only=on"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert Database().check().message == "The database is read-only: nothing can be stored."


@pytest.mark.django_db(transaction=True)
def test_controller_with_due_jobs_is_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONTROLLERS_DIR", tmp_path)
    owner, due = User.objects.create(username="ada"), timezone.now() - timedelta(seconds=90)
    shared = {"owner": owner, "workspace_id": 1, "job_type": "x", "resource": "local"}
    Job.objects.create(**shared, datetime_created=due, next_check_at=due)
    with holding(tmp_path):
        assert Controller().check().message.startswith("The controller is behind: a job has been waiting for it for 9")
    assert Controller().check().message.startswith("No running controller was found")
