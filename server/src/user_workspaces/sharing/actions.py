"""Offers workspaces, and accepts, declines, cancels and retries offers; each in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest, NotAllowed, NotFound
from user_workspaces.sharing import outbox
from user_workspaces.sharing.models import Mail, Offer, Share, ShareState
from user_workspaces.sharing.open_copies import check_offer
from user_workspaces.sharing.queries import UNFINISHED, find_receivers, open_offers, open_shares, storable_id
from user_workspaces.workspaces import share_copies
from user_workspaces.workspaces.actions import lock_workspace
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import is_usable

MOST_LISTED = 200
"""The number of names of each kind that an offer shows: every row of an offer list has them."""


@dataclass(frozen=True, slots=True)
class LastLaunch:
    """The last launch in a workspace; it is suggested to the receiver."""

    job_type: str
    resource_options: Mapping[str, object]


def offer_workspace(
    *, sender: User, workspace_id: int, receiver_ids: Iterable[object], last: LastLaunch | None, now: datetime
) -> list[Share]:
    """Offer a copy to each of these users and notify them by mail; the controller makes the copies.

    A receiver with an open offer of this workspace keeps it; a copy that failed is tried again. Returns one share per
    receiver. Raises `NotFound`, and `InvalidRequest` when one of the ids is unknown: then no offer is made.
    """
    with transaction.atomic():
        # Shares are locked before the workspace, as in `retry`: the opposite order could deadlock with it.
        failed = _lock_failed(sender=sender, workspace_id=workspace_id)
        original = lock_workspace(owner=sender, workspace_id=workspace_id)
        receivers = find_receivers(sender=sender, ids=receiver_ids, now=now)
        _check_offerable(original, receivers)
        wanted = {receiver.pk for receiver in receivers}
        for share in failed:
            if share.receiver_id in wanted:
                _start_over(share, now=now)
        # The workspace is locked: two requests cannot both find no open offer and make one each.
        asked = {share.receiver_id: share for share in open_offers(original.pk, receivers)}
        new = [receiver for receiver in receivers if receiver.pk not in asked]
        # Before the new rows exist, since the check adds them to the open copies itself.
        check_offer(original, len(new))
        made = _offer(original, new, sender=sender, last=last, now=now) if new else {}
    return [{**asked, **made}[receiver.pk] for receiver in receivers]


def _offer(
    original: Workspace, receivers: list[User], *, sender: User, last: LastLaunch | None, now: datetime
) -> dict[int, Share]:
    offer = Offer.objects.create(
        original=original,
        name=original.name,
        description=original.description,
        requested=_first_names(original.requested),
        # Empty until the first copy is complete: `note_listing` fills it in.
        current={"files": [], "symlinks": []},
        last_job_type=last.job_type if last else "",
        last_resource_options=dict(last.resource_options) if last else {},
        datetime_created=now,
    )
    shares = Share.objects.bulk_create(
        Share(copy=copy, offer=offer, sender=sender, receiver=copy.owner, next_check_at=now)
        for copy in share_copies.new_copies(original=original, owners=receivers, now=now)
    )
    # In the same transaction: an offer that is rolled back sends no mail.
    outbox.announce(shares, now=now)
    return {share.receiver_id: share for share in shares}


def accept(*, user: User, share_id: int, now: datetime) -> None:
    """Give the copy to its receiver, even if it is not complete yet; safe to repeat.

    From now on it counts against their disk quota. Raises `QuotaExceeded` if it does not fit; the offer stays open. An
    incomplete copy that does not fit fails later.
    """
    with transaction.atomic():
        share = _lock(share_id, Q(receiver=user))
        if share.is_accepted:
            return
        if share.state == ShareState.FAILED:
            raise InvalidRequest(f"The copy failed: {share.message} Retry or decline it.")
        # `QuotaExceeded` of `accept_copy` rolls this back, so the offer stays open.
        Share.objects.filter(pk=share.pk).update(is_accepted=True)
        share_copies.accept_copy(share.copy, now=now)


def withdraw(*, user: User, share_id: int, now: datetime) -> None:
    """Cancel (as sender) or decline (as receiver) an offer; safe to repeat. The controller removes the copy.

    A copy in progress keeps its lease: the process that makes it notices, stops, and releases it to be removed.
    """
    with transaction.atomic():
        share = Share.objects.select_for_update(of=("self",)).filter(pk=storable_id(share_id)).first()
        if share is None:
            raise NotFound(f"Shared workspace {share_id} not found.")
        if user.pk not in {share.sender_id, share.receiver_id}:
            raise NotAllowed(f"User does not have permissions for shared workspace {share_id}.")
        if share.is_accepted:
            raise InvalidRequest(f"Shared workspace {share_id} has been accepted and cannot be deleted.")
        if share.state == ShareState.WITHDRAWN:
            return
        # The due time is the lease of a copy in progress: another time would take the lease from its process.
        when = share.next_check_at if share.state == ShareState.COPYING else now
        Share.objects.filter(pk=share.pk).update(state=ShareState.WITHDRAWN, next_check_at=when)
        # A mail that is being sent loses its lease, so that a failure does not schedule it again.
        Mail.objects.filter(share=share, sent_at=None).update(next_try_at=None)


def retry(*, user: User, share_id: int, now: datetime) -> None:
    """Retry a failed copy, as its sender or receiver."""
    with transaction.atomic():
        share = _lock(share_id, Q(sender=user) | Q(receiver=user))
        if share.state != ShareState.FAILED:
            raise InvalidRequest(f"The copy of shared workspace {share_id} has not failed: there is nothing to retry.")
        # The lock keeps the original until the commit, so that it is not deleted between the check and the restart.
        require_original(share)
        _start_over(share, now=now)


def _start_over(share: Share, *, now: datetime) -> None:
    Share.objects.filter(pk=share.pk).update(state=ShareState.WAITING, message="", percent=0, next_check_at=now)
    # A copy that cannot be resumed is being deleted; the error rolls back the update above.
    if not share_copies.resume_copy(workspace_id=share.copy_id):
        raise InvalidRequest(f"Shared workspace {share.pk} is being deleted.")


@contextmanager
def deletion_of(*, owner: User, workspace_id: int) -> Iterator[None]:
    """Delete a workspace in the body of this context, in one transaction with the check that no copy needs it.

    Raises `NotFound`, and `InvalidRequest` while an offer of it is open or a copy is under way.
    """
    with transaction.atomic():
        workspace = lock_workspace(owner=owner, workspace_id=workspace_id)
        # A workspace that is already being deleted passes, so that a repeated request succeeds.
        if workspace.status != WorkspaceStatus.DELETING:
            _check_deletable(workspace)
        yield


def require_original(share: Share) -> Workspace:
    """Return the workspace to copy, locked until the transaction ends; raises `InvalidRequest` if it is deleted."""
    # Without `of`, the join would lock the row of the owner, too.
    held = Workspace.objects.select_for_update(of=("self",)).select_related("owner")
    original = held.filter(offers=share.offer_id).first()
    # The deletion of a workspace row sets `original` to NULL: the query then finds no row.
    if original is None or not is_usable(original):
        raise InvalidRequest("The original workspace was deleted before it was copied.")
    return original


def _lock(share_id: int, whose: Q) -> Share:
    found = Share.objects.select_for_update(of=("self",)).filter(whose, pk=storable_id(share_id))
    share = found.exclude(state=ShareState.WITHDRAWN).first()
    if share is None:
        raise NotFound(f"Shared workspace {share_id} not found.")
    return share


def _lock_failed(*, sender: User, workspace_id: int) -> list[Share]:
    """Lock the open shares of a workspace whose copies failed; before the workspace row, in the order of a retry."""
    offered = open_shares().filter(sender=sender, offer__original_id=storable_id(workspace_id))
    # Locked in a fixed order, so that two requests for the same shares do not deadlock.
    return list(offered.filter(state=ShareState.FAILED).select_for_update(of=("self",)).order_by("pk"))


def _check_offerable(original: Workspace, receivers: list[User]) -> None:
    if not receivers:
        raise InvalidRequest("Missing required fields.")
    if not is_usable(original):
        raise InvalidRequest(f"Workspace {original.pk} is {original.status}: it cannot be shared now.")


def _check_deletable(workspace: Workspace) -> None:
    if open_shares().filter(offer__original=workspace).exists():
        raise InvalidRequest(
            f"Workspace {workspace.pk} has shared workspaces associated with it, that have not yet been accepted. "
            "Please cancel those shares to delete this workspace."
        )
    # An accepted offer is no longer open, but its copy may still be in progress.
    under_way = Share.objects.filter(Q(offer__original=workspace) | Q(copy=workspace), state__in=UNFINISHED)
    if under_way.exists():
        raise InvalidRequest(f"Workspace {workspace.pk} is being copied. Delete it when the copy is complete.")


def note_listing(*, offer_id: int, current: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
    """Store the content of the first complete copy of an offer."""
    # The condition lets only the first of several copies write, without a lock.
    Offer.objects.filter(pk=offer_id, is_listed=False).update(current=_first_names(current), is_listed=True)


def _first_names(listed: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, list[Mapping[str, str]]]:
    return {kind: names[:MOST_LISTED] for kind, names in share_copies.without_hidden(listed).items()}
