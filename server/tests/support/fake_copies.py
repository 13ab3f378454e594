"""Helpers that offer workspaces, and make the copies as a controller does."""

from datetime import datetime

from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.sharing.actions import offer_workspace
from user_workspaces.sharing.models import Share, ShareState
from user_workspaces.sharing.queries import UNFINISHED
from user_workspaces.workspaces.models import Workspace

SECONDS = 60


def offer(original: Workspace, *receivers: User | None) -> Share:
    """Offer a workspace; return the share of the first receiver."""
    ids = [receiver.pk for receiver in receivers if receiver]
    shares = offer_workspace(
        sender=original.owner, workspace_id=original.pk, receiver_ids=ids, last=None, now=timezone.now()
    )
    return shares[0]


def make_copies(*, now: datetime | None = None) -> None:
    """Make all copies that are due, and queue the removal of withdrawn ones."""
    copies = CopyPool()
    while copies.process_due(now=now or timezone.now()):
        assert copies.wait(SECONDS)


def unfinished() -> int:
    """Return the number of unfinished copies."""
    return Share.objects.filter(state__in=UNFINISHED).count()


def state_of(share: Share) -> str:
    """Return the current state of a share."""
    return ShareState(Share.objects.values_list("state", flat=True).get(pk=share.pk)).value


def now_of(share: Share) -> Share:
    """Return the current share, with its copy."""
    return Share.objects.select_related("copy").get(pk=share.pk)
