"""A copy counts for its receiver once they accept it; before that its sender's quota bounds it."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from controller.copying_scenarios import COPIED
from copy_shop import make_copies, now_of, offer, state_of
from user_workspaces.accounts.models import User
from user_workspaces.errors import QuotaExceeded
from user_workspaces.quotas.queries import held_disk
from user_workspaces.quotas.values import BLOCK
from user_workspaces.sharing.actions import accept
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.space import disk_space_of

pytestmark = pytest.mark.django_db(transaction=True)
Blocks = Callable[[int], None]


def test_a_copy_counts_from_acceptance_on(ours: Callable[[], Workspace], grace: User, blocks: Blocks) -> None:
    share = offer(ours(), grace)
    blocks(COPIED)
    make_copies()
    assert (state_of(share), disk_space_of(grace.pk), held_disk(grace.pk, now=timezone.now())) == ("ready", 0, 0)
    accept(user=grace, share_id=share.pk, now=timezone.now())
    assert disk_space_of(grace.pk) == now_of(share).copy.disk_space > 0


def test_what_does_not_fit_cannot_be_accepted_and_both_sizes_are_told(
    ours: Callable[[], Workspace], grace: User, blocks: Blocks
) -> None:
    share = offer(ours(), grace)
    blocks(COPIED - 2)
    make_copies()
    with pytest.raises(QuotaExceeded, match=r"needs (20|16) KB on disk, and 12 KB of your 12 KB are left"):
        accept(user=grace, share_id=share.pk, now=timezone.now())
    assert (state_of(share), now_of(share).is_accepted, disk_space_of(grace.pk)) == ("ready", False, 0)
    blocks(COPIED)
    accept(user=grace, share_id=share.pk, now=timezone.now())


def test_open_copies_are_bounded_by_the_quota_of_their_sender(
    ours: Callable[[], Workspace], person: Callable[[str], User], blocks: Blocks
) -> None:
    original, receivers = ours(), [person(name) for name in ("grace", "mallory", "zoe")]
    blocks(original.disk_space // BLOCK * 2)
    share = offer(original, *receivers[:2])
    make_copies()
    with pytest.raises(QuotaExceeded, match="The copies that you offer and nobody has accepted yet would take"):
        offer(original, receivers[2])
    assert offer(original, *receivers[:2]).pk == share.pk  # they have it already
    accept(user=receivers[0], share_id=share.pk, now=timezone.now())
    offer(original, receivers[2])
