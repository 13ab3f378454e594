"""Copies of shared workspaces: complete or not made at all, despite kills, withdrawals and concurrent controllers."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.utils import OperationalError
from django.utils import timezone

from controller.conftest import UseStorage
from controller.copying_scenarios import (
    StorageThatCopiesWhenAllowed,
    copy_and_be_killed,
    tree_of,
)
from support.budget import budget
from support.concurrency import at_once
from support.fake_copies import make_copies, now_of, offer, state_of, unfinished
from user_workspaces.accounts.models import User
from user_workspaces.controller import copy_worker
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.db.leases import lease_length
from user_workspaces.sharing import leases
from user_workspaces.sharing.actions import accept, retry, withdraw
from user_workspaces.sharing.models import Share
from user_workspaces.testing.waiting import eventually
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
Person = Callable[..., User]
Make = Callable[..., Workspace]
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
"""The forked child does not use the threads of the test runner."""
KILLS_A_SHARE, SHARES_TO_KILL = budget(3, full=5), budget(2, full=10)


@pytest.fixture
def slow(use_storage: UseStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageThatCopiesWhenAllowed]:
    """A storage whose copies end when the test allows it, with frequent renewals of their leases."""
    monkeypatch.setattr(copy_worker, "BEAT_SECONDS", 0.01)
    storage = use_storage(StorageThatCopiesWhenAllowed)
    assert isinstance(storage, StorageThatCopiesWhenAllowed)
    yield storage
    storage.allowed.set()


@pytest.fixture
def started(
    slow: StorageThatCopiesWhenAllowed, make_user: Person, workspace_of: Make, grace: User
) -> Iterator[tuple[Share, CopyPool]]:
    """A copy in progress, and the pool that makes it."""
    original = workspace_of(make_user("ada"), "slow", Details(files=(NewFile("a", b"1"), NewFile("b", b"2"))))
    Workspace.objects.filter(pk=original.pk).update(disk_space=1000)
    share, copies = offer(original, grace), CopyPool()
    assert copies.process_due(now=timezone.now()) == 1
    assert slow.started.wait(30)
    yield share, copies
    slow.allowed.set()
    assert copies.wait(60)


def is_whole(share: Share, original: Workspace) -> bool:
    source, target = home_of(original), home_of(Workspace.objects.get(pk=share.pk))
    wanted = {path: found for path, found in tree_of(source.storage, source.location).items() if path != ".hidden"}
    return tree_of(target.storage, target.location) == wanted


def test_a_copy_is_complete_and_measured(original: Workspace, grace: User) -> None:
    share = offer(original, grace)
    make_copies()
    assert is_whole(share, original)
    share = now_of(share)
    assert (share.state, share.percent, share.message, share.next_check_at) == ("ready", 100, "", None)
    assert (share.copy.status, share.copy.awaits_acceptance, share.copy.next_check_at) == ("idle", True, None)
    assert len(share.copy.current["files"]) == 305
    assert share.copy.disk_space > 15_000_000


@FORKS
@pytest.mark.slow
def test_copy_is_complete_after_repeated_kills(original: Workspace, grace: User) -> None:
    """Each copy is killed several times at random moments, then made by a controller that is not killed."""
    offer(original, grace)
    began = timezone.now()
    make_copies()
    latest = 1.2 * (timezone.now() - began).total_seconds()
    chance, killed_at_work = random.Random(7), 0  # noqa: S311  no secret: times that each run repeats
    for _ in range(SHARES_TO_KILL):
        Share.objects.all().update(is_accepted=True)
        share, now = offer(original, grace), timezone.now()
        for _ in range(KILLS_A_SHARE):
            at_work = copy_and_be_killed(after_seconds=chance.uniform(0, latest), now=now)
            killed_at_work += at_work
            latest *= 1.05 if at_work else 0.7  # later copies are faster if the machine is less busy
            state, status = state_of(share), now_of(share).copy.status
            assert (state, status) in {("waiting", "initializing"), ("copying", "initializing"), ("ready", "idle")}
            assert state != "ready" or is_whole(share, original)
            now += lease_length() + timedelta(seconds=1)
        make_copies(now=now + lease_length())
        assert state_of(share) == "ready"
        assert is_whole(share, original)
    assert killed_at_work >= SHARES_TO_KILL


@FORKS
def test_killed_and_then_withdrawn_copy_is_removed(original: Workspace, grace: User) -> None:
    share, now = offer(original, grace), timezone.now()
    home = home_of(Workspace.objects.get(pk=share.pk))
    copy_and_be_killed(after_seconds=0.05, now=now)
    withdraw(user=grace, share_id=share.pk, now=now)
    later = now + lease_length() + timedelta(minutes=1)
    make_copies(now=later)
    process_due_workspaces(now=later)
    assert not home.storage.locate(home.location).exists()
    assert not Share.objects.exists()


def test_concurrent_controllers_make_each_copy_once(
    slow: StorageThatCopiesWhenAllowed, make_user: Person, workspace_of: Make
) -> None:
    slow.allowed.set()
    original = workspace_of(make_user("ada"), "w", Details(files=(NewFile("a", b"1"),)))
    users = [make_user(f"p{number}") for number in range(8)]
    offer(original, *users)
    at_once(3, make_copies)
    eventually(lambda: unfinished() == 0)
    assert len(slow.copied) == len(set(slow.copied)) == len(users)


def test_at_most_two_copies_at_once(slow: StorageThatCopiesWhenAllowed, make_user: Person, workspace_of: Make) -> None:
    copies = CopyPool()
    offer(workspace_of(make_user("ada")), *(make_user(f"p{number}") for number in range(5)))
    assert [copies.process_due(now=timezone.now()) for _ in range(3)] == [2, 0, 0]
    slow.allowed.set()
    assert copies.wait(30)
    assert copies.process_due(now=timezone.now()) == 2
    assert copies.wait(30)


def test_a_long_copy_keeps_its_lease_and_reports_its_progress(started: tuple[Share, CopyPool]) -> None:
    share, _ = started
    first = now_of(share).next_check_at
    assert first is not None
    seen = eventually(
        lambda: next((one for one in [now_of(share)] if one.next_check_at != first and one.percent), None)
    )
    assert seen is not None
    assert seen.next_check_at is not None
    assert (seen.percent, seen.state) == (50, "copying")
    assert seen.next_check_at > first
    assert CopyPool().process_due(now=timezone.now()) == 0


def test_a_copy_that_lost_its_lease_stops_and_records_nothing(
    started: tuple[Share, CopyPool], slow: StorageThatCopiesWhenAllowed
) -> None:
    share, copies = started
    taken_until = timezone.now() + timedelta(hours=1)
    eventually(lambda: Share.objects.filter(pk=share.pk).update(next_check_at=taken_until))
    assert copies.wait(30)
    share = now_of(share)
    assert (share.state, share.next_check_at, share.copy.status) == ("copying", taken_until, "initializing")
    assert slow.copied == []


@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_a_share_withdrawn_during_its_copy_is_removed_after_the_copy_has_stopped(
    started: tuple[Share, CopyPool], slow: StorageThatCopiesWhenAllowed, who: str
) -> None:
    share, copies = started
    withdraw(user=getattr(share, who), share_id=share.pk, now=timezone.now())
    assert copies.wait(30)
    assert slow.copied == []
    make_copies()
    assert now_of(share).copy.status == "deleting"
    process_due_workspaces(now=timezone.now())
    assert not Share.objects.exists()
    assert Workspace.objects.count() == 1


def test_files_of_a_withdrawn_copy_are_kept_while_it_is_written(started: tuple[Share, CopyPool]) -> None:
    share, copies = started
    Share.objects.filter(pk=share.pk).update(state="withdrawn")
    assert not Share.objects.filter(pk=share.pk, next_check_at__lte=timezone.now()).exists()
    assert copies.wait(30)
    assert eventually(lambda: Share.objects.filter(pk=share.pk, next_check_at__lte=timezone.now()).exists())


def test_a_copy_accepted_while_it_is_made_is_initializing(
    started: tuple[Share, CopyPool], slow: StorageThatCopiesWhenAllowed
) -> None:
    share, copies = started
    accept(user=share.receiver, share_id=share.pk, now=timezone.now())
    assert (now_of(share).copy.status, now_of(share).copy.awaits_acceptance) == ("initializing", False)
    slow.allowed.set()
    assert copies.wait(30)
    assert (now_of(share).copy.status, state_of(share)) == ("idle", "ready")


def test_a_stopped_controller_hands_its_copies_over(
    started: tuple[Share, CopyPool], slow: StorageThatCopiesWhenAllowed
) -> None:
    share, copies = started
    copies.stop()
    assert state_of(share) == "waiting"
    slow.allowed.set()
    make_copies()
    assert state_of(share) == "ready"


def test_a_copy_fails_if_its_original_is_deleted_meanwhile(
    started: tuple[Share, CopyPool], slow: StorageThatCopiesWhenAllowed
) -> None:
    share, copies = started
    Workspace.objects.exclude(pk=share.pk).update(status="deleting")
    slow.allowed.set()
    assert copies.wait(30)
    share = now_of(share)
    text = "The original workspace was deleted before it was copied."
    assert (share.state, share.message, share.copy.status) == ("failed", text, "error")
    Workspace.objects.exclude(pk=share.pk).update(status="idle")
    retry(user=share.sender, share_id=share.pk, now=timezone.now())
    make_copies()
    assert (now_of(share).state, now_of(share).copy.status) == ("ready", "idle")


def test_a_long_database_outage_stops_the_copy(
    started: tuple[Share, CopyPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    share, copies = started

    def away(*_: object, **__: object) -> bool:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(copy_worker, "trusted_seconds", lambda: 0.05)
    monkeypatch.setattr(leases, "renew", away)
    assert copies.wait(30)
    assert state_of(share) == "waiting"
