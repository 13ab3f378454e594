"""Resolves changes whose response was lost by asking REANA for the run's status: changes are never sent twice."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from .errors import OutcomeUnknown, ReanaError, TooSlow, Unreachable
from .values import Json


async def confirmed(
    change: Awaitable[Json], *, status: Callable[[], Awaitable[str]], is_done: Callable[[str], bool], what: str
) -> Json:
    """Return the response to a change of a run, or None if it was lost and the run's status shows that it happened."""
    try:
        return await change
    # With any other error the outcome is known: REANA did not make the change.
    except (Unreachable, TooSlow) as error:
        try:
            found = await status()
        except ReanaError:
            raise unknown(error, what, "Check its status before you try again.") from error
        if is_done(found):
            return None
        raise


@contextmanager
def unconfirmed(what: str) -> Iterator[None]:
    """Raise `OutcomeUnknown` if the response to a change was lost and its outcome cannot be queried."""
    try:
        yield
    except (Unreachable, TooSlow) as error:
        raise unknown(error, what, "Check the list of runs before you try again.") from error


def unknown(error: ReanaError, what: str, advice: str) -> ReanaError:
    """Return the error for a change that may have happened; REANA's own errors are unchanged."""
    return OutcomeUnknown(f"{error.message} It is unknown whether {what}. {advice}") if error.unanswered else error
