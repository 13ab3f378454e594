"""Changes whose answer does not come: REANA is asked what became of them, since a change is never sent twice."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from .errors import OutcomeUnknown, ReanaError, TooSlow, Unreachable
from .values import Json


async def settled(
    change: Awaitable[Json], *, status: Callable[[], Awaitable[str]], is_done: Callable[[str], bool], what: str
) -> Json:
    """Return the answer to a change of a run, or None when it failed to come and the run's status says "done"."""
    try:
        return await change
    except (Unreachable, TooSlow) as error:
        try:
            found = await status()
        except ReanaError:
            raise unknown(error, what, "Look at its status before you try again.") from error
        if is_done(found):
            return None
        raise


@contextmanager
def unconfirmed(what: str) -> Iterator[None]:
    """Say of a change that nothing can be asked about that its outcome is not known, where no answer came."""
    try:
        yield
    except (Unreachable, TooSlow) as error:
        raise unknown(error, what, "Look at the list of runs before you try again.") from error


def unknown(error: ReanaError, what: str, advice: str) -> ReanaError:
    """Return the error of a change that may have happened; REANA's own words stay as they are."""
    return OutcomeUnknown(f"{error.message} It is not known whether {what}. {advice}") if error.unanswered else error
