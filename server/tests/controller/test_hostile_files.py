"""Files in any state, even constantly exchanged, do not stop the controller, and its log stays short."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.utils import timezone

from support.budget import first_of
from support.fake_copies import make_copies, offer
from support.runs import Runner, controlled, queued, workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.observability import warning_log
from user_workspaces.registry import Registry
from user_workspaces.sharing.models import Share
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.locations import state_of
from user_workspaces.workspaces.actions import files_changed
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.once]
Attack = Callable[[Path], None]
PASSES = 30


@pytest.fixture(autouse=True)
def _empty_warning_log() -> None:
    warning_log.WARNINGS._logged.clear()


@pytest.fixture
def workspace(workspace_of: Callable[..., Workspace], make_user: Callable[[str], User]) -> Workspace:
    files = tuple(NewFile(f"d{number}/data", b"hello") for number in range(20))
    return workspace_of(make_user("ada"), details=Details(files=files))


def folder_of(workspace: Workspace) -> Path:
    home = home_of(workspace)
    return home.storage.locate(home.location)


def lead_outside(location: Path) -> None:
    location.rename(location.with_name("away"))
    location.symlink_to("/etc")


def lead_in_a_circle(location: Path) -> None:
    location.rename(location.with_name("away"))
    location.symlink_to(location)


def be_a_pipe(location: Path) -> None:
    location.rename(location.with_name("away"))
    os.mkfifo(location)


def be_a_file(location: Path) -> None:
    location.rename(location.with_name("away"))
    location.write_text("no directory")


def vanish(location: Path) -> None:
    location.rename(location.with_name("away"))


def be_closed(location: Path) -> None:
    location.chmod(0)


def be_full_of_oddities(location: Path) -> None:
    for name in (b"\xff\xfe", b"new\nline", b"x" * 255):
        (location / os.fsdecode(name)).write_text("")
    (location / "loop").symlink_to("loop")
    (location / "long").symlink_to("y" * 4000)
    os.mkfifo(location / "pipe")
    (location / "closed").mkdir(mode=0)


ATTACKS: list[Attack] = [lead_outside, lead_in_a_circle, be_a_pipe, be_a_file, vanish, be_closed, be_full_of_oddities]


def process_due(workspace: Workspace, passes: int = PASSES) -> None:
    """Measure the workspace repeatedly, as uploads do."""
    for _ in range(passes):
        files_changed(workspace_id=workspace.pk, now=timezone.now())
        process_due_workspaces(now=timezone.now())


def reported(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.INFO]


def is_short(records: list[logging.LogRecord]) -> bool:
    """Return whether there is at most one record, of one line and without a traceback."""
    return len(records) <= 1 and not any(record.exc_info or "\n" in record.getMessage() for record in records)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_workspace_in_any_state_logs_at_most_one_line(
    workspace: Workspace, caplog: pytest.LogCaptureFixture, attack: Attack
) -> None:
    attack(folder_of(workspace))
    process_due(workspace)
    assert is_short(reported(caplog)), caplog.text
    is_measured = Workspace.objects.get(pk=workspace.pk).next_check_at is None
    assert is_measured == (attack is be_full_of_oddities)


@contextmanager
def exchanged(location: Path) -> Iterator[None]:
    """Exchange a directory for a link to another one and back, as fast as possible."""
    over, away, link = threading.Event(), location.with_name("away"), location.with_name("link")
    link.symlink_to("/etc")

    def exchange() -> None:
        while not over.is_set():
            with suppress(OSError):
                location.rename(away)
                link.rename(location)
                time.sleep(0.0005)
                location.rename(link)
                away.rename(location)
                time.sleep(0.0005)

    attacker = threading.Thread(target=exchange)
    attacker.start()
    try:
        yield
    finally:
        over.set()
        attacker.join(30)


@pytest.mark.parametrize("where", first_of("d7", ""))
def test_constantly_exchanged_directory_logs_at_most_one_line(
    workspace: Workspace, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    with exchanged(folder_of(workspace) / where):
        process_due(workspace, passes=150)
    assert is_short(reported(caplog)), caplog.text


def test_copies_of_a_constantly_exchanged_directory_do_not_fill_the_log(
    workspace: Workspace, caplog: pytest.LogCaptureFixture, make_user: Callable[[str], User]
) -> None:
    with exchanged(folder_of(workspace)):
        for number in range(5):
            share = offer(workspace, make_user(f"friend-{number}"))
            make_copies()
            assert Share.objects.get(pk=share.pk).state in {"ready", "failed"}
    assert not [record for record in reported(caplog) if record.exc_info], caplog.text
    assert len(reported(caplog)) <= 5  # one for each copy


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@pytest.mark.parametrize("inside", first_of("logs", ""))
def test_run_with_a_directory_in_any_state_logs_at_most_one_line_and_ends(
    site: Registry,
    resource: FakeResource,
    make_user: Callable[[str], User],
    caplog: pytest.LogCaptureFixture,
    attack: Attack,
    inside: str,
) -> None:
    with workflows_on(site):
        run = queued(make_user("ada"))
        controlled()
        runner = Runner(run, resource)
        runner.begin()
        runner.print("hello")
        controlled()
        runner.end()
        state = state_of(run)
        attack(state.storage.locate(state.location) / inside)
        for _ in range(PASSES):
            controlled()
        assert is_short(reported(caplog)), caplog.text
        assert Run.objects.get(pk=run.pk).status in {"finished", "failed", "stopped"}


def test_journal_times_too_large_for_a_float_are_ignored(
    site: Registry, resource: FakeResource, make_user: Callable[[str], User], caplog: pytest.LogCaptureFixture
) -> None:
    with workflows_on(site):
        run = queued(make_user("ada"))
        controlled()
        runner = Runner(run, resource)
        runner.begin()
        state = state_of(run)
        line = f'{{"event": "start", "uuid": "{runner.command}", "at": {"9" * 400}}}\n'
        journal = state.storage.locate(state.location) / "journal.jsonl"
        journal.write_text(journal.read_text() + line)
        for _ in range(3):
            controlled()
        assert reported(caplog) == []
