"""Concurrent actions on one share or workspace: one comes first, and nothing is left half done."""

from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from support.concurrency import at_once
from support.fake_copies import make_copies, now_of, offer
from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import InvalidRequest, NotFound, UserWorkspacesError
from user_workspaces.jobs.actions import delete_workspace
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.sharing.actions import accept, deletion_of, offer_workspace, retry, withdraw
from user_workspaces.sharing.models import Offer, Share
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


@pytest.fixture
def ada(make_user: Callable[[str], User]) -> User:
    return make_user("ada")


@pytest.fixture
def grace(make_user: Callable[[str], User]) -> User:
    return make_user("grace")


@pytest.fixture
def original(ada: User, workspace_of: Callable[..., Workspace]) -> Workspace:
    return workspace_of(ada)


def error_of(act: Callable[[], object]) -> str:
    """Return the error message of an action; empty if it succeeds."""
    try:
        act()
    except UserWorkspacesError as error:
        return error.message
    return ""


def together(*acts: Callable[[], object]) -> list[str]:
    """Run all actions at the same moment; return their error messages in any order."""
    left = list(acts)
    return at_once(len(acts), lambda: error_of(left.pop()))


def delete(workspace: Workspace) -> None:
    with deletion_of(owner=workspace.owner, workspace_id=workspace.pk):
        delete_workspace(owner=workspace.owner, workspace_id=workspace.pk, force=True, now=timezone.now())


def test_same_offer_at_once_is_made_once(original: Workspace, grace: User) -> None:
    errors = together(*[lambda: offer(original, grace)] * 4)
    assert errors == [""] * 4
    assert (Share.objects.count(), Offer.objects.count(), Workspace.objects.count()) == (1, 1, 2)


def test_of_offer_and_deletion_at_once_one_succeeds(
    ada: User, grace: User, workspace_of: Callable[..., Workspace]
) -> None:
    for number in range(ROUNDS):
        workspace = workspace_of(ada, f"w{number}")
        together(lambda: offer(workspace, grace), lambda: delete(workspace))  # noqa: B023  used in this iteration only
        workspace.refresh_from_db()
        offered = Share.objects.filter(offer__original=workspace).exists()
        assert (offered, workspace.status) in {(True, "idle"), (False, "deleting")}


def test_offers_of_two_workspaces_at_once_stay_within_the_quota(
    ada: User, grace: User, workspace_of: Callable[..., Workspace], blocks: Callable[[int], None]
) -> None:
    both = [workspace_of(ada, name) for name in ("one", "two")]
    Workspace.objects.update(disk_space=3 * BLOCK_BYTES)
    blocks(5)
    for _ in range(ROUNDS):
        errors = together(*[partial(offer, workspace, grace) for workspace in both])
        assert sorted(text.split(" would")[0] for text in errors) == ["", "The copies in your open offers"]
        Share.objects.all().delete()


def test_of_acceptance_and_cancellation_at_once_one_succeeds(original: Workspace, grace: User) -> None:
    for _ in range(ROUNDS):
        share = offer(original, grace)
        errors = together(
            lambda: accept(user=grace, share_id=share.pk, now=timezone.now()),  # noqa: B023  used in this iteration only
            lambda: withdraw(user=original.owner, share_id=share.pk, now=timezone.now()),  # noqa: B023  the same
        )
        share = now_of(share)
        assert min(errors) == ""
        assert (share.state, share.is_accepted, share.copy.awaits_acceptance) in {
            ("waiting", True, False), ("withdrawn", False, True)
        }  # fmt: skip
        make_copies()
        process_due_workspaces(now=timezone.now())
        Share.objects.filter(pk=share.pk).delete()


def test_of_retry_and_deletion_at_once_one_succeeds(original: Workspace, grace: User) -> None:
    """The receiver has accepted a copy that failed later."""
    for _ in range(ROUNDS):
        share = offer(original, grace)
        accept(user=grace, share_id=share.pk, now=timezone.now())
        Share.objects.filter(pk=share.pk).update(state="failed", next_check_at=None)
        Workspace.objects.filter(pk=share.pk).update(status="error")
        together(
            lambda: retry(user=grace, share_id=share.pk, now=timezone.now()),  # noqa: B023  used in this iteration only
            lambda: delete(now_of(share).copy),  # noqa: B023  the same
        )
        share = now_of(share)
        assert (share.state, share.copy.status) in {("waiting", "initializing"), ("failed", "deleting")}
        make_copies()
        process_due_workspaces(now=timezone.now())


def test_workspace_that_is_being_deleted_cannot_be_offered(original: Workspace, grace: User) -> None:
    Workspace.objects.update(status="deleting")
    with pytest.raises(InvalidRequest, match="is deleting: it cannot be shared now"):
        offer(original, grace)


def test_offer_needs_a_receiver(original: Workspace) -> None:
    with pytest.raises(InvalidRequest, match="Missing required fields"):
        offer_workspace(sender=original.owner, workspace_id=original.pk, receiver_ids=[], last=None, now=timezone.now())


def test_deleted_copy_is_no_share_any_more(original: Workspace, grace: User) -> None:
    share = offer(original, grace)
    accept(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    delete(now_of(share).copy)
    process_due_workspaces(now=timezone.now())
    assert not Share.objects.exists()
    with pytest.raises(NotFound):
        accept(user=grace, share_id=share.pk, now=timezone.now())
