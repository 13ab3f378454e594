"""A job as the pages show it."""

from dataclasses import dataclass
from datetime import datetime

from user_workspaces import registry
from user_workspaces.interfaces.settings import JOB_TYPE_OF_BUILDS
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import time_left
from user_workspaces.jobs.status import LIVE, STOPPABLE, JobStatus
from user_workspaces.portal.presenters.quantities import amount_of
from user_workspaces.portal.presenters.status_labels import State, job_state

NO_ICON = "app"
LONGEST_FILE = 4096
"""In characters: more than any path has."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """All that templates need; no further question to the database."""

    job: Job
    name: str
    """The application's, as the site calls it."""
    icon: str
    file: str
    """The file of the workspace that its launch named; empty: none."""
    resource: str
    state: State
    seconds_left: int | None
    is_live: bool
    can_open: bool
    can_stop: bool

    @property
    def has_progress(self) -> bool:
        """Whether there is a page to wait on."""
        return self.is_live and not self.can_open and self.job.status != JobStatus.STOPPING

    @property
    def can_relaunch(self) -> bool:
        """Whether the site still has what it was launched with."""
        site = registry.site()
        return not self.is_live and self.job.job_type in site.job_types and self.job.resource in site.resources

    @property
    def amount(self) -> str:
        """What it has of the resource, in a few words."""
        return amount_of(cpus=self.job.cpus, memory_mb=self.job.memory_mb)


def view_of(job: Job, *, now: datetime) -> SessionView:
    """Describe a job."""
    status, ready = JobStatus(job.status), job.datetime_ready is not None
    known = registry.site().job_types.get(job.job_type)
    return SessionView(
        job=job,
        name=application_name(job.job_type),
        icon=known.icon if known else NO_ICON,
        file=file_of(job),
        resource=resource_name(job.resource),
        state=job_state(status=status, submitted=job.submitted, serves=job.serves, ready=ready),
        seconds_left=time_left(job, now=now),
        is_live=status in LIVE,
        can_open=status is JobStatus.RUNNING and job.serves and ready,
        can_stop=status in STOPPABLE,
    )


def application_name(job_type: str) -> str:
    """Return what the site calls a job type; its id when it is not configured any more."""
    if job_type == JOB_TYPE_OF_BUILDS:
        return "Environment"
    known = registry.site().job_types.get(job_type)
    return known.name if known else job_type


def resource_name(resource: str) -> str:
    """Return what the site calls a resource; its id when it is not configured any more."""
    known = registry.site().resources.get(resource)
    return known.name if known else resource


def file_of(job: Job) -> str:
    """Return the file of a launch; clients of the API may have put anything there."""
    file = job.requested.get("file")
    return file if isinstance(file, str) and len(file) <= LONGEST_FILE else ""
