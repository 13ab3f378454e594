"""Presenter of a job."""

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
"""In characters, the longest path on Linux."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """The values that templates need, without further queries."""

    job: Job
    name: str
    """The configured name of the job type."""
    icon: str
    file: str
    """The file that the job was launched with; empty if there is none."""
    resource: str
    state: State
    seconds_left: int | None
    is_live: bool
    can_open: bool
    can_stop: bool

    @property
    def has_progress(self) -> bool:
        """True if the job has a progress page."""
        return self.is_live and not self.can_open and self.job.status != JobStatus.STOPPING

    @property
    def can_relaunch(self) -> bool:
        """True if the job has ended and its job type and resource are still configured."""
        site = registry.site()
        return not self.is_live and self.job.job_type in site.job_types and self.job.resource in site.resources

    @property
    def amount(self) -> str:
        """CPUs and memory of the job."""
        return amount_of(cpus=self.job.cpus, memory_mb=self.job.memory_mb)


def view_of(job: Job, *, now: datetime) -> SessionView:
    """Present a job."""
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
    """Return the configured name of a job type; its id if it is no longer configured."""
    if job_type == JOB_TYPE_OF_BUILDS:
        return "Environment"
    known = registry.site().job_types.get(job_type)
    return known.name if known else job_type


def resource_name(resource: str) -> str:
    """Return the configured name of a resource; its id if it is no longer configured."""
    known = registry.site().resources.get(resource)
    return known.name if known else resource


def file_of(job: Job) -> str:
    """Return the file of a launch; empty if a client of the API sent something else."""
    file = job.requested.get("file")
    return file if isinstance(file, str) and len(file) <= LONGEST_FILE else ""
