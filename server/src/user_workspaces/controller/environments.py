"""The controller's work on prepared environments: have them built, write down how far they are, remove unused ones."""

import logging
from datetime import datetime

from django.db.models import Min
from django.utils import timezone

from user_workspaces.environments import actions
from user_workspaces.environments.clearing import remove_unused
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.environments.queries import due_preparations
from user_workspaces.jobs.queries import unsettled_jobs

logger = logging.getLogger(__name__)

PREPARATIONS_A_PASS = 20


def tend_environments(*, now: datetime) -> int:
    """Do what is due on preparations; return how many there were."""
    claimed = [row for row in due_preparations(now=now, limit=PREPARATIONS_A_PASS) if actions.claim(row, now=now)]
    for row in claimed:
        _tend(row)
    return len(claimed)


def _tend(row: PreparedEnvironment) -> None:
    """A surprise with one environment must not stop the others."""
    try:
        actions.advance(row, now=timezone.now())
    except Exception:  # whatever it was, it is logged, and tried again when the lease is over
        logger.exception("environment of workspace %s: it cannot be prepared now; trying again later", row.pk)


def clear_environments(*, now: datetime) -> int:
    """Remove prepared environments that nothing uses; return how many there were."""
    oldest = unsettled_jobs().aggregate(oldest=Min("datetime_created"))["oldest"]
    return remove_unused(now=now, oldest_job=oldest)
