"""Shares as the pages show them."""

from dataclasses import dataclass, replace

from user_workspaces.accounts.models import User
from user_workspaces.accounts.user_search import email_shown
from user_workspaces.portal.presenters.status_labels import State, Tone
from user_workspaces.sharing.models import Share, ShareState
from user_workspaces.sharing.queries import UNFINISHED, size_of_copy


@dataclass(frozen=True, slots=True)
class ShareView:
    """One share, from either side; no further question to the database."""

    share: Share
    other: str
    """The person on the other side."""
    email: str
    """Theirs, where it may be seen."""
    state: State
    is_open: bool
    """Whether an answer is waited for."""
    copies: bool
    """Whether there is progress to show."""
    has_failed: bool
    size: int = 0
    """Bytes that the copy takes."""
    left: int | None = None
    """Bytes that its receiver may still take; None: no limit."""

    @property
    def fits(self) -> bool:
        """Whether its receiver has room for it."""
        return self.left is None or self.size <= self.left or self.moves

    @property
    def moves(self) -> bool:
        """Whether it changes by itself."""
        return self.share.state in UNFINISHED


def view_for_receiver(share: Share, receiver: User, *, left: int | None) -> ShareView:
    """Describe what somebody was offered, who may still take so many bytes."""
    view = _view(share, other=share.sender, to=receiver)
    return replace(view, size=size_of_copy(share, share.offer.original), left=left)


def present_sent(share: Share, sender: User) -> ShareView:
    """Describe what somebody offered."""
    return _view(share, other=share.receiver, to=sender)


def display_name(user: User) -> str:
    """Return a person's name as others know it; without one, the user name."""
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
    """Return the state of a share: first what becomes of the copy, then what was answered."""
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
