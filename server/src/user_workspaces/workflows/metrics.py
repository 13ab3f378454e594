"""Metrics of runs: the numbers of all users' runs by status."""

from dataclasses import dataclass

from django.db.models import Count

from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import JobStatus
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import GOING, RunStatus


@dataclass(frozen=True, slots=True)
class RunLoad:
    """The numbers of live runs, and of running sessions."""

    running: int
    pending: int
    queued: int
    sessions: int


def load_of_runs() -> RunLoad:
    """Return the current numbers, in two queries."""
    counts = dict(Run.objects.filter(status__in=GOING).order_by().values_list("status").annotate(Count("id")))
    return RunLoad(
        running=counts.get(RunStatus.RUNNING, 0),
        pending=counts.get(RunStatus.PENDING, 0),
        queued=counts.get(RunStatus.QUEUED, 0),
        sessions=Job.objects.filter(status=JobStatus.RUNNING, serves=True).count(),
    )
