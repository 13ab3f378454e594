"""Leases: taken by one process only, released when it ends, however it ends, and never before."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.predecessors import LEASED, take_over
from user_workspaces.db.leases import (
    Leased,
    claim,
    dead_holders,
    due,
    holding,
    is_any_alive,
    lease,
    release,
    renew,
)
from user_workspaces.jobs.models import Job

pytestmark = pytest.mark.django_db
LONGEST = timedelta(minutes=5)
HOLD = """
import sys, pathlib, time
import django.conf
django.conf.settings.configure()
django.setup()
from user_workspaces.db import leases
with leases.holding(pathlib.Path(sys.argv[1])):
    print(leases._process.holder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "controllers"


@pytest.fixture
def other(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start another process that holds leases."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def name_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.fixture
def job(make_user: object) -> Job:
    owner = User.objects.create(username="ada")
    return Job.objects.create(
        owner=owner, workspace_id=1, job_type="x", resource="local", datetime_created=timezone.now()
    )


def held(job: Job, holder: str) -> Job:
    until = timezone.now() + timedelta(seconds=60)
    Job.objects.filter(pk=job.pk).update(next_check_at=until, lease_until=until, lease_holder=holder)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_leases_of_a_process_that_ended_are_due_at_once(
    folder: Path, other: "subprocess.Popen[str]", job: Job, number: signal.Signals
) -> None:
    """Before this, such a row was due only when its lease ended, up to a minute later."""
    holder, now = name_of(other), timezone.now()
    held(job, holder)
    assert (take_over(folder, now=now), dead_holders(folder), is_any_alive(folder)) == (0, [], True)
    other.send_signal(number)
    other.wait()
    assert (dead_holders(folder), is_any_alive(folder)) == ([holder], False)
    assert take_over(folder, now=now) == 1
    job.refresh_from_db()
    assert job.next_check_at == now
    assert (list(folder.iterdir()), take_over(folder, now=now)) == ([], 0)


def test_process_that_is_stopped_is_alive(folder: Path, other: "subprocess.Popen[str]", job: Job) -> None:
    held(job, name_of(other))
    other.send_signal(signal.SIGSTOP)
    assert (take_over(folder, now=timezone.now()), is_any_alive(folder)) == (0, True)


def test_own_leases_are_not_taken_over(folder: Path, job: Job) -> None:
    with holding(folder):
        fields = lease(timezone.now())
        held(job, str(fields["lease_holder"]))
        assert take_over(folder, now=timezone.now()) == 0
    assert take_over(folder, now=timezone.now()) == 1
    assert lease(None) == {"lease_holder": "", "lease_until": None}


def test_back_off_of_a_dead_process_is_no_lease(folder: Path, job: Job) -> None:
    with holding(folder):
        held(job, str(lease(None)["lease_holder"]))
        later = timezone.now() + timedelta(seconds=50)
        Job.objects.filter(pk=job.pk).update(next_check_at=later)
    assert take_over(folder, now=timezone.now()) == 0
    job.refresh_from_db()
    assert job.next_check_at == later


def test_holder_that_cannot_be_seen_is_left_to_time(folder: Path, job: Job) -> None:
    held(job, "of-another-machine")
    folder.mkdir()
    assert take_over(folder, now=timezone.now()) == 0


def test_file_of_another_boot_is_dead_only_with_sqlite(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "another-boot").touch()
    assert dead_holders(folder) == (["another-boot"] if connection.vendor == "sqlite" else [])


def test_file_that_cannot_be_opened_stops_nothing(folder: Path) -> None:
    """Its holder may be alive; other holders are still checked."""
    folder.mkdir(exist_ok=True)
    (folder / "odd").symlink_to("odd")
    assert "odd" not in dead_holders(folder)
    assert take_over(folder, now=timezone.now()) == 0


def test_without_a_file_leases_are_held_by_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with holding(tmp_path / "file" / "below"):
        assert lease(None)["lease_holder"] == ""
    assert "end by time alone" in caplog.text


@pytest.mark.parametrize(
    ("away", "is_leased", "is_due"),
    [
        (-1, False, True),
        (0, True, True),
        (200, False, False),
        (200, True, False),
        (7200, False, True),
        (7200, True, False),
    ],
)
def test_due_time_beyond_the_longest_wait_is_due_now(job: Job, away: float, *, is_leased: bool, is_due: bool) -> None:
    """The clock was set back. Before this, a row due in two hours was left alone for two hours."""
    now = timezone.now()
    at = now + timedelta(seconds=away)
    Job.objects.filter(pk=job.pk).update(next_check_at=at, lease_until=at if is_leased else now, lease_holder="x")
    assert Job.objects.filter(due(now=now, longest=LONGEST)).exists() is is_due
    Job.objects.filter(pk=job.pk).update(next_check_at=at, lease_until=at if is_leased else None)
    assert Job.objects.filter(due(now=now, longest=LONGEST)).exists() is is_due


def test_every_table_with_leases_is_taken_over() -> None:
    assert set(LEASED) == set(Leased.__subclasses__())


def test_of_two_that_read_a_row_one_claims_it(job: Job) -> None:
    first, second = Job.objects.get(), Job.objects.get()
    until = timezone.now() + timedelta(seconds=60)
    assert claim(Job.objects.all(), first, until=until, message="mine")
    assert not claim(Job.objects.all(), second, until=until)
    job.refresh_from_db()
    assert (job.next_check_at, job.lease_until, job.message) == (until, until, "mine")


def test_claim_needs_a_row_of_the_given_rows(job: Job) -> None:
    assert not claim(Job.objects.filter(status="running"), job, until=timezone.now())


def test_lost_lease_is_neither_renewed_nor_released(job: Job) -> None:
    mine, now = Job.objects.get(), timezone.now()
    assert claim(Job.objects.all(), mine, until=now)
    assert claim(Job.objects.all(), Job.objects.get(), until=now + timedelta(seconds=60))
    assert not renew(Job.objects.all(), mine, until=now + timedelta(seconds=30))
    assert not release(Job.objects.all(), mine, at=None)


def test_released_row_has_its_due_time_and_fields(job: Job) -> None:
    mine, now = Job.objects.get(), timezone.now()
    assert claim(Job.objects.all(), mine, until=now)
    assert renew(Job.objects.all(), mine, until=now + timedelta(seconds=60))
    assert release(Job.objects.all(), mine, at=now, message="done")
    job.refresh_from_db()
    assert (job.next_check_at, job.message) == (now, "done")
    assert not release(Job.objects.all(), mine, at=None)  # once only
