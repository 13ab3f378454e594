"""One pass over the jobs that are due: look once at each resource, decide, act, record.

Acting comes before recording, and every act is safe to repeat, so dying between any two lines costs a
repetition and nothing else.
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
from user_workspaces.observability.warning_log import REFUSALS

logger = logging.getLogger(__name__)

JOBS_A_PASS = 200


class PassClock:
    """The time of a pass: it starts at the moment that the pass was given, and runs on from there."""

    def __init__(self, now: datetime) -> None:
        self._start, self._began = now, time.monotonic()

    def __call__(self) -> datetime:
        """Return what time it is."""
        return self._start + timedelta(seconds=time.monotonic() - self._began)


def reconcile_jobs(*, now: datetime) -> int:
    """Bring the due jobs one step further; return how many there were."""
    clock = PassClock(now)
    by_resource: dict[str, list[Job]] = defaultdict(list)
    for job in due_jobs(now=now, limit=JOBS_A_PASS):
        if claim(job, now=now):
            by_resource[job.resource].append(job)
    for resource, jobs in by_resource.items():
        seen = observe_all(resource, jobs)
        for job in jobs:
            with bind_context(user=job.owner_id, job=job.pk):
                _serve(JobPass(job, seen[job.key], clock), claimed_at=now)
    return sum(len(jobs) for jobs in by_resource.values())


def _serve(turn: JobPass, *, claimed_at: datetime) -> None:
    """Advance a job, unless the others of this pass took so long that its lease is no longer to be trusted."""
    if turn.clock() - claimed_at > trusted_for():
        release(turn.job, at=turn.clock())
    else:
        advance(turn)


def observe_all(resource: str, jobs: list[Job]) -> Mapping[str, Observation]:
    """Observe all of these jobs at once. What is not configured any more, or breaks its promise, cannot be seen."""
    if resource not in registry.current().resources:
        return _blind(jobs, f"{resource} is not configured any more")
    try:
        seen = registry.current().resources.get(resource).observe([job.key for job in jobs])
    except Exception:  # a stranger's plug-in; blindness is not the end of a job
        logger.exception("%s: a resource must not raise when it is observed", resource)
        return _blind(jobs, "it could not be asked")
    return {**_blind(jobs, "it said nothing of this job"), **seen}


def _blind(jobs: list[Job], reason: str) -> dict[str, Observation]:
    return {job.key: Observation(ResourceState.UNREACHABLE, reason=reason) for job in jobs}


def advance(turn: JobPass) -> None:
    """Decide and act on one job. The one place where a surprise is caught: it must not stop the others."""
    job, decision = turn.job, decide(snapshot(turn.job), turn.seen)
    try:
        execute(turn, decision)
    except SubmissionRejected as error:
        fail(turn, error.message)
    except ResourceUnavailable as error:
        try_again(turn, f"The resource does not answer; trying again. ({error.message})")
    except UserWorkspacesError as error:
        if decision.action is Action.SUBMIT:  # it cannot be launched, and will not be by waiting
            fail(turn, error.message)
        else:
            try_again(turn, error.message)
    except OSError as error:
        REFUSALS.warn(logger, f"job {job.pk}", error)
        try_again(turn, f"The file system answered with an error; trying again. (job {job.pk})")
    except Exception:  # the one place: see above
        logger.exception("job %s: this pass failed; it stays as it is", job.pk)
        try_again(turn, f"Something went wrong inside the server; trying again. (job {job.pk})")
