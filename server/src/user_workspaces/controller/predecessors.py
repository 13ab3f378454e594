"""Makes the rows of dead controllers due at once, so that no row waits for the end of their leases."""

import logging
from datetime import datetime
from pathlib import Path

from django.db.models import Model

from user_workspaces.db import leases
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.jobs.models import Job
from user_workspaces.sharing.models import Mail, Share
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

logger = logging.getLogger(__name__)

LEASED: dict[type[Model], str] = {
    Job: "next_check_at",
    Workspace: "next_check_at",
    Share: "next_check_at",
    Run: "next_check_at",
    PreparedEnvironment: "next_check_at",
    Mail: "next_try_at",
}
"""Leased tables, and the column with their due time."""


def take_over(folder: Path, *, now: datetime) -> int:
    """Release the leases of dead controllers; return their number.

    If this controller dies here, the next one repeats it: the holder's file is removed last.
    """
    released = 0
    for holder in leases.dead_holders(folder):
        found = sum(leases.release_all(table, holder=holder, now=now, column=due) for table, due in LEASED.items())
        if found:
            logger.warning("a controller died with %s leases: they are due now", found)
        leases.forget(folder, holder)
        released += found
    return released
