"""One pass over the due jobs: observe each resource once, then decide, act and record for each job.

Acting comes before recording, and every action is safe to repeat: a controller that dies between any two lines costs
one repetition.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from user_workspaces import registry
from user_workspaces.controller.job_actions import JobPass, execute, fail, snapshot, try_again
from user_workspaces.controller.lease import claim, release, trusted_for
from user_workspaces.errors import ResourceUnavailable, SubmissionRejected, UserWorkspacesError
from user_workspaces.interfaces.values import Observation, ResourceState
from user_workspaces.jobs.decide import Action, decide
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import due_jobs
from user_workspaces.observability.correlation import bind_context
from user_workspaces.observability.warning_log import WARNINGS

logger = logging.getLogger(__name__)

JOBS_A_PASS = 200


class PassClock:
    """The time in a pass: starts at the given time and advances with the monotonic clock."""

    def __init__(self, now: datetime) -> None:
        self._start, self._monotonic_start = now, time.monotonic()

    def __call__(self) -> datetime:
        """Return the current time."""
        return self._start + timedelta(seconds=time.monotonic() - self._monotonic_start)


def reconcile_jobs(*, now: datetime) -> int:
    """Advance each due job by one step; return the number of jobs."""
    clock = PassClock(now)
    by_resource: dict[str, list[Job]] = defaultdict(list)
    for job in due_jobs(now=now, limit=JOBS_A_PASS):
        if claim(job, now=now):
            by_resource[job.resource].append(job)
    # One call per resource: a batch system gets one query for all jobs instead of one for each.
    for resource, jobs in by_resource.items():
        seen = observe_all(resource, jobs)
        for job in jobs:
            with bind_context(user=job.owner_id, job=job.pk):
                _advance_if_lease_fresh(JobPass(job, seen[job.key], clock), claimed_at=now)
    return sum(len(jobs) for jobs in by_resource.values())


def _advance_if_lease_fresh(job_pass: JobPass, *, claimed_at: datetime) -> None:
    """Advance a job; release it instead if other jobs of this pass took so long that its lease may end meanwhile."""
    if job_pass.clock() - claimed_at > trusted_for():
        release(job_pass.job, at=job_pass.clock())
    else:
        advance(job_pass)


def observe_all(resource: str, jobs: list[Job]) -> Mapping[str, Observation]:
    """Observe these jobs in one call. A resource that is not configured or that raises is unreachable."""
    if resource not in registry.current().resources:
        return _unreachable(jobs, f"{resource} is no longer configured")
    try:
        seen = registry.current().resources.get(resource).observe([job.key for job in jobs])
    except Exception:  # an external plug-in may raise anything, and an unknown state must not end a job
        logger.exception("%s: a resource must not raise in observe()", resource)
        return _unreachable(jobs, "the resource failed")
    # A plug-in may omit a key: an unknown state must not look like a lost job.
    return {**_unreachable(jobs, "the resource did not report this job"), **seen}


def _unreachable(jobs: list[Job], reason: str) -> dict[str, Observation]:
    return {job.key: Observation(ResourceState.UNREACHABLE, reason=reason) for job in jobs}


def advance(job_pass: JobPass) -> None:
    """Decide and act on one job. Catches every error, because one job must not stop the others."""
    job, decision = job_pass.job, decide(snapshot(job_pass.job), job_pass.seen)
    try:
        execute(job_pass, decision)
    except SubmissionRejected as error:
        fail(job_pass, error.message)
    except ResourceUnavailable as error:
        try_again(job_pass, f"The resource is not responding; trying again. ({error.message})")
    except UserWorkspacesError as error:
        if decision.action is Action.SUBMIT:  # waiting does not help: the launch itself is invalid
            fail(job_pass, error.message)
        else:
            try_again(job_pass, error.message)
    except OSError as error:
        WARNINGS.warn(logger, f"job {job.pk}", error)
        try_again(job_pass, f"The file system reported an error; trying again. (job {job.pk})")
    except Exception:
        logger.exception("job %s: this pass failed; the job is unchanged", job.pk)
        try_again(job_pass, f"Something went wrong inside the server; trying again. (job {job.pk})")
