"""Removes prepared environments that no workspace refers to and no job has used for 30 days."""

import logging
from datetime import UTC, datetime, timedelta

from user_workspaces.environments.layers import PREFIX, USED, store
from user_workspaces.environments.queries import is_referred_to

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=30)
KEPT_UNBUILT_FOR = timedelta(hours=1)
"""For environments that were never built, which have only a list of requirements and a log."""
CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far file times may be behind database times: the kernel's clock for files is coarse."""


def remove_unused(*, now: datetime, oldest_job: datetime | None) -> int:
    """Remove unused environments; return their number.

    `oldest_job`: the creation time of the oldest job that has not ended. A job uses its environment until its end, so
    environments that were used since then are kept.
    """
    until = min(now - KEPT_FOR, (oldest_job or now) - CLOCK_TOLERANCE)
    return sum(_remove(name) for name in _names() if _is_unused(name, now, until) and not is_referred_to(name))


def _is_unused(name: str, now: datetime, until: datetime) -> bool:
    is_built = store().path_of(name).exists()
    return _used_at(name) < (until if is_built else now - KEPT_UNBUILT_FOR)


def _names() -> list[str]:
    folder = store().folder
    paths = folder.glob(f"{PREFIX}*") if folder.is_dir() else ()
    return sorted({path.name.partition(".")[0] for path in paths if path.suffix != ".lock"})  # a lock is never removed


def _used_at(name: str) -> datetime:
    """Return the time of the last launch, build or request."""
    paths = (store().beside(name, USED), store().beside(name, "requirements"), store().path_of(name))
    times = [path.stat().st_mtime for path in paths if path.exists()]
    return datetime.fromtimestamp(max(times, default=0.0), UTC)


def _remove(name: str) -> bool:
    try:
        # Asked again under the store's lock: a workspace may have requested it since the first check.
        is_removed = store().remove(name, unless=lambda: is_referred_to(name))
    except OSError as error:
        logger.warning("prepared environment %s cannot be removed: %s", name, error.strerror)
        return False
    if is_removed:
        logger.info("removed prepared environment %s, which was not used for a long time", name)
    return is_removed
