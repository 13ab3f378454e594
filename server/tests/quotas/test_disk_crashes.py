"""Uploads killed with SIGKILL: the reservation stays until it expires, and what was written is measured."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import check_disk_use, process_due_workspaces
from user_workspaces.errors import QuotaExceeded
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import disk_space_of, held_disk
from user_workspaces.quotas.values import GIBIBYTE
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = timezone.now()
BLOCK = 4096
WRITER = Path(__file__).with_name("dying_writer.py")


def database() -> str:
    """Return the address of the database that this test uses, for another process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgresql://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def upload_and_die(workspace: Workspace, *, storage: Path, size: int, at: str) -> None:
    """Upload `size` bytes in another process and kill it: in the `middle` of writing, or `after` it."""
    environment = {
        **os.environ,
        "DATABASE_URL": database(),
        "UWS_DATA_DIR": str(settings.DATA_DIR),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, str(WRITER), str(storage), str(workspace.pk), str(size), at]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == f"{at}\n"
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize(("at", "is_there"), [("middle", False), ("after", True)])
def test_reservation_of_killed_upload_is_kept_until_it_expires(
    make_user: Callable[..., User],
    workspace_of: Callable[..., Workspace],
    limit: Callable[..., None],
    tmp_path: Path,
    at: str,
    *,
    is_there: bool,
) -> None:
    ada = make_user()
    workspace = workspace_of(ada)
    process_due_workspaces(now=timezone.now())
    limit(disk_gb=Decimal(4 * BLOCK) / GIBIBYTE)
    upload_and_die(workspace, storage=settings.DATA_DIR / tmp_path.name, size=3 * BLOCK, at=at)
    assert held_disk(ada.pk, now=timezone.now()) == 3 * BLOCK
    with pytest.raises(QuotaExceeded):
        upload_file(workspace=workspace, path="b", chunks=[b"x"], size=1, now=timezone.now())
    later = timezone.now() + timedelta(hours=2)
    assert held_disk(ada.pk, now=later) == 0
    DiskReservation.objects.update(expires_at=NOW)
    assert check_disk_use(now=timezone.now()) >= 1
    process_due_workspaces(now=timezone.now())
    assert not DiskReservation.objects.exists()
    assert (disk_space_of(ada.pk) >= 4 * BLOCK) is is_there


def test_workspace_is_checked_later_even_if_its_writer_dies(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    workspace = workspace_of(make_user())
    process_due_workspaces(now=timezone.now())

    def chunks() -> Iterator[bytes]:
        yield b"x"
        # The only trace of the upload if the process dies here:
        (due,) = Workspace.objects.values_list("next_check_at", flat=True)
        assert due is not None
        assert due > timezone.now()
        yield b"x"

    upload_file(workspace=workspace, path="a", chunks=chunks(), now=timezone.now())
    assert process_due_workspaces(now=timezone.now()) == 1
    assert process_due_workspaces(now=timezone.now() + timedelta(days=1)) == 0


def test_due_workspace_stays_due_while_it_is_written_to(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    workspace = workspace_of(make_user())

    def chunks() -> Iterator[bytes]:
        yield b"x"
        assert process_due_workspaces(now=timezone.now()) == 1

    upload_file(workspace=workspace, path="a", chunks=chunks(), now=timezone.now())
    assert process_due_workspaces(now=timezone.now()) == 1
