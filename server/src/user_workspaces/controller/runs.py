"""The controller's work on workflow runs: start queued runs, monitor running ones, apply retention rules."""

from datetime import datetime

from django.utils import timezone

from user_workspaces.workflows.lifecycle.launch import start_next
from user_workspaces.workflows.lifecycle.monitor import follow_runs
from user_workspaces.workflows.lifecycle.retention import retain_files

STARTS_A_PASS = 50


def process_due_runs(*, now: datetime) -> int:
    """Process due runs; return their number.

    Retention rules do not wake the worker: it runs a pass every few seconds, and rules become due once a day.
    """
    done = follow_runs(now=now)
    for _ in range(STARTS_A_PASS):
        if not start_next(now=timezone.now()):
            break
        done += 1
    return done + retain_files(now=now)
