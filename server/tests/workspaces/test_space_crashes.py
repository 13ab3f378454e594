"""Killed with -9 in the middle of an upload: the room stays held, comes back in time, and nothing is lost."""

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
from user_workspaces.quotas.queries import held_disk
from user_workspaces.quotas.values import GIBIBYTE
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.space import disk_space_of

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
    """Let another process upload `size` bytes, and kill it at that moment: in the `middle`, or `after` the writing."""
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
def test_a_killed_upload_holds_its_room_until_it_is_found(
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


def test_a_workspace_that_is_written_to_is_looked_at_later_whatever_happens(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    workspace = workspace_of(make_user())
    process_due_workspaces(now=timezone.now())

    def chunks() -> Iterator[bytes]:
        yield b"x"
        (due,) = Workspace.objects.values_list("next_check_at", flat=True)  # all that is left if we die here
        assert due is not None
        assert due > timezone.now()
        yield b"x"

    upload_file(workspace=workspace, path="a", chunks=chunks(), now=timezone.now())
    assert process_due_workspaces(now=timezone.now()) == 1
    assert process_due_workspaces(now=timezone.now() + timedelta(days=1)) == 0


def test_a_workspace_that_is_due_stays_so_while_it_is_written_to(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    workspace = workspace_of(make_user())

    def chunks() -> Iterator[bytes]:
        yield b"x"
        assert process_due_workspaces(now=timezone.now()) == 1

    upload_file(workspace=workspace, path="a", chunks=chunks(), now=timezone.now())
    assert process_due_workspaces(now=timezone.now()) == 1
