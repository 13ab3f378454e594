"""Reads shares."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce, Greatest

from user_workspaces.accounts.models import User
from user_workspaces.accounts.user_search import findable
from user_workspaces.db.leases import due
from user_workspaces.errors import InvalidRequest, NotFound
from user_workspaces.sharing.models import Mail, Offer, Share, ShareState
from user_workspaces.workspaces.models import Workspace

LONGEST_WAIT, LONGEST_WAIT_OF_MAIL = timedelta(minutes=5), timedelta(hours=2)
"""Longer than the longest pause between two attempts to copy, and to send a mail. Rows with a lease are never due."""
UNFINISHED = (ShareState.WAITING, ShareState.COPYING)
LARGEST_ID = 2**63 - 1
MOST_RECEIVERS = 1000
"""The number of receivers of one offer."""


def shares_of(user: User) -> QuerySet[Share]:
    """Return the shares that a user sent or received, newest first, without those that are being removed."""
    own = Share.objects.filter(Q(sender=user) | Q(receiver=user))
    return own.exclude(state=ShareState.WITHDRAWN).order_by("-copy_id")


def find_share(*, user: User, share_id: int) -> Share:
    """Return a share that a user sent or received; raises `NotFound`, also for those of others."""
    found = shares_of(user).filter(pk=storable_id(share_id)).first()
    if found is None:
        raise NotFound(f"Shared workspace {share_id} not found.")
    return found


def storable_id(number: int) -> int:
    """Return a primary key that the database can compare; no row has the largest one."""
    return min(number, LARGEST_ID)


def received_by(user: User) -> QuerySet[Share]:
    """Return the shares that a user received, open ones first, then the newest, with the fields of a page."""
    received = shares_of(user).filter(receiver=user).order_by("is_accepted", "-copy_id")
    read_with = ("offer", "offer__original", "copy")
    # These lists can hold thousands of names, and the page shows none of them.
    unread = [f"{one}__{details}" for one in read_with for details in ("requested", "current")]
    return received.select_related("sender", *read_with).defer(*unread)


def shares_from(workspace_id: int) -> QuerySet[Share]:
    """Return the shares of one workspace, newest first, with the fields of a page."""
    shares = Share.objects.filter(offer__original_id=workspace_id).exclude(state=ShareState.WITHDRAWN)
    return shares.select_related("offer", "receiver").defer("offer__requested", "offer__current").order_by("-copy_id")


def count_unanswered(user: User) -> int:
    """Return the number of open offers to a user."""
    return open_shares().filter(receiver=user).count()


def open_shares() -> QuerySet[Share]:
    """Return the shares that are not accepted, declined or cancelled."""
    return Share.objects.filter(is_accepted=False).exclude(state=ShareState.WITHDRAWN)


def size_of_copy(share: Share, original: Workspace | None) -> int:
    """Return the measured bytes of a copy; before it is complete, at least those of its original."""
    if share.state == ShareState.READY or original is None:
        return share.copy.disk_space
    return max(share.copy.disk_space, original.disk_space)


def open_copies_size(sender_id: int) -> int:
    """Return the bytes of all copies that a user offers and that are not accepted yet, each as in `size_of_copy`."""
    # With NULL, `Greatest` is NULL on SQLite but not on PostgreSQL: a deleted original has to count as 0.
    unfinished = Greatest("copy__disk_space", Coalesce("offer__original__disk_space", 0))
    size = Case(When(state=ShareState.READY, then=F("copy__disk_space")), default=unfinished)
    total: int | None = open_shares().filter(sender=sender_id).aggregate(total=Sum(size))["total"]
    return total or 0


def made_copies_size(sender_id: int, *, without: int) -> int:
    """Return the bytes of the complete and unfinished copies that are not accepted yet, except one."""
    others = open_shares().filter(sender=sender_id).exclude(pk=without)
    total: int | None = others.aggregate(total=Sum("copy__disk_space"))["total"]
    return total or 0


def invited(workspace_id: int, users: Iterable[User]) -> frozenset[int]:
    """Return the IDs of those of these users who have an open offer of this workspace."""
    return frozenset(open_offers(workspace_id, users).values_list("receiver_id", flat=True))


def open_offers(workspace_id: int, users: Iterable[User]) -> QuerySet[Share]:
    """Return the open offers of this workspace to these users."""
    return open_shares().filter(offer__original_id=workspace_id, receiver__in=list(users))


def find_receivers(*, sender: User, ids: Iterable[object], now: datetime) -> list[User]:
    """Return the users with these IDs, each once; raises `InvalidRequest` if one of them cannot be shared with.

    The error is the same for users who do not exist and for users whom the sender cannot find.
    """
    # Repeated IDs are dropped first, because the length is compared with the number of users below.
    wanted = list(dict.fromkeys(_checked_id(one) for one in ids))
    if len(wanted) > MOST_RECEIVERS:
        raise InvalidRequest(f"A workspace can be shared with at most {MOST_RECEIVERS} users at once.")
    found = findable(wanted, by=sender, known=_acquaintances(sender, wanted), now=now)
    if len(found) < len(wanted):
        raise InvalidRequest("Invalid user id provided.")
    return [found[one] for one in wanted]


def _acquaintances(user: User, ids: Iterable[int]) -> set[int]:
    """Return those of these IDs whose users have shared with a user, or the user with them: each can find the other."""
    asked = list(ids)
    given = Share.objects.filter(sender=user, receiver__in=asked).values_list("receiver_id", flat=True)
    taken = Share.objects.filter(receiver=user, sender__in=asked).values_list("sender_id", flat=True)
    return {*given, *taken}


def _checked_id(value: object) -> int:
    # In Python `True` is the integer 1: JSON's `true` must not select a user.
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID:
        return value
    raise InvalidRequest("Invalid user id provided.")


def offers_of(shares: Iterable[Share]) -> dict[int, Offer]:
    """Return the offers of these shares by ID, with their originals, in one query."""
    offers = Offer.objects.select_related("original").defer("original__requested", "original__current")
    return offers.in_bulk({share.offer_id for share in shares})


def due_copies(*, now: datetime, limit: int) -> list[Share]:
    """Return the copies to make, the longest due first: pending ones, and those whose process died."""
    found = Share.objects.filter(due(now=now, longest=LONGEST_WAIT), state__in=UNFINISHED)
    found = found.order_by("next_check_at", "copy_id")
    return list(found.select_related("copy__owner", "offer__original__owner")[:limit])


def due_withdrawals(*, now: datetime, limit: int) -> list[Share]:
    """Return the cancelled and declined shares whose copy is not in progress."""
    found = Share.objects.filter(due(now=now, longest=LONGEST_WAIT), state=ShareState.WITHDRAWN)
    return list(found[:limit])


def due_mail(*, now: datetime, limit: int) -> list[Mail]:
    """Return the mail to send, the longest due first."""
    found = Mail.objects.filter(due(now=now, longest=LONGEST_WAIT_OF_MAIL, column="next_try_at"))
    return list(found.order_by("next_try_at", "id")[:limit])
