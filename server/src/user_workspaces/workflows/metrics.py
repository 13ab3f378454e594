"""How much there is to do: runs of all people by status."""

from dataclasses import dataclass

from django.db.models import Count

from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import JobStatus
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import GOING, RunStatus


@dataclass(frozen=True, slots=True)
class RunLoad:
    """Numbers of runs, and of open sessions."""

    running: int
    pending: int
    queued: int
    sessions: int


def load_of_runs() -> RunLoad:
    """Return what goes on now, in two queries."""
    counts = dict(Run.objects.filter(status__in=GOING).order_by().values_list("status").annotate(Count("id")))
    return RunLoad(
        running=counts.get(RunStatus.RUNNING, 0),
        pending=counts.get(RunStatus.PENDING, 0),
        queued=counts.get(RunStatus.QUEUED, 0),
        sessions=Job.objects.filter(status=JobStatus.RUNNING, serves=True).count(),
    )
