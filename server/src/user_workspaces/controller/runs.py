"""The controller's work on runs of workflows: start what waits, follow what runs, clear up what nobody has."""

from datetime import datetime

from django.utils import timezone

from user_workspaces.workflows.following import follow_runs
from user_workspaces.workflows.launching import start_next

STARTS_A_PASS = 50


def tend_runs(*, now: datetime) -> int:
    """Do what is due; return how much there was."""
    done = follow_runs(now=now)
    for _ in range(STARTS_A_PASS):
        if not start_next(now=timezone.now()):
            break
        done += 1
    return done
