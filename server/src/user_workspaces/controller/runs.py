"""The controller's work on runs of workflows: start what waits, follow what runs, delete files by retention rules."""

from datetime import datetime

from django.utils import timezone

from user_workspaces.workflows.lifecycle.launch import start_next
from user_workspaces.workflows.lifecycle.monitor import follow_runs
from user_workspaces.workflows.lifecycle.retention import retain_files

STARTS_A_PASS = 50


def process_due_runs(*, now: datetime) -> int:
    """Do what is due; return how much there was.

    Retention rules do not wake the controller: a pass runs every few seconds, and rules become due at the end of a day.
    """
    done = follow_runs(now=now)
    for _ in range(STARTS_A_PASS):
        if not start_next(now=timezone.now()):
            break
        done += 1
    return done + retain_files(now=now)
