"""Presenter of shares."""

from dataclasses import dataclass, replace

from user_workspaces.accounts.models import User
from user_workspaces.accounts.user_search import email_shown
from user_workspaces.portal.presenters.status_labels import State, Tone
from user_workspaces.sharing.models import Share, ShareState
from user_workspaces.sharing.queries import UNFINISHED, size_of_copy


@dataclass(frozen=True, slots=True)
class ShareView:
    """One share as its sender or its receiver sees it; without further queries."""

    share: Share
    other: str
    """The name of the user on the other side."""
    email: str
    """The address of that user, if it may be shown."""
    state: State
    is_open: bool
    """True if the share is neither accepted nor declined."""
    copies: bool
    """True while the copy is being made."""
    has_failed: bool
    size: int = 0
    """Size of the copy in bytes."""
    left: int | None = None
    """Disk space in bytes that the receiver has left; None if it is not limited."""

    @property
    def fits(self) -> bool:
        """True if the disk quota of the receiver allows the copy."""
        # An unfinished copy always fits: its size is checked while it is made.
        return self.left is None or self.size <= self.left or self.moves

    @property
    def moves(self) -> bool:
        """True if the state is about to change."""
        return self.share.state in UNFINISHED


def view_for_receiver(share: Share, receiver: User, *, left: int | None) -> ShareView:
    """Present a share for its receiver, who has `left` bytes of disk quota."""
    view = _view(share, other=share.sender, to=receiver)
    return replace(view, size=size_of_copy(share, share.offer.original), left=left)


def present_sent(share: Share, sender: User) -> ShareView:
    """Present a share for its sender."""
    return _view(share, other=share.receiver, to=sender)


def display_name(user: User) -> str:
    """Return the full name of a user, or the user name without one."""
    return user.get_full_name() or user.username


def _view(share: Share, *, other: User, to: User) -> ShareView:
    return ShareView(
        share=share,
        other=display_name(other),
        email=email_shown(other.email, to=to),
        state=share_state(state=share.state, is_accepted=share.is_accepted),
        is_open=not share.is_accepted,
        copies=share.state == ShareState.COPYING,
        has_failed=share.state == ShareState.FAILED,
    )


def share_state(*, state: str, is_accepted: bool) -> State:
    """Return label, icon and tone of a share: an unfinished copy first, then acceptance."""
    match state:
        case ShareState.WAITING:
            return State("waiting", "clock", Tone.MOVING, state)
        case ShareState.COPYING:
            return State("copying", "spin", Tone.MOVING, state)
        case ShareState.FAILED:
            return State("failed", "cross", Tone.BAD, state)
        case _ if is_accepted:
            return State("accepted", "check", Tone.GOOD, state)
        case _:
            return State("offered", "dot", Tone.QUIET, state)
