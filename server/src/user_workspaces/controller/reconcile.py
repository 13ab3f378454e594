"""One pass over the jobs that are due: look once at each resource, decide, act, record.

Acting comes before recording, and every act is safe to repeat, so dying between any two lines costs a
repetition and nothing else.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from user_workspaces import registry
from user_workspaces.controller.launching import context_of, spec_of
from user_workspaces.errors import ResourceUnavailable, SubmissionRefused, UserWorkspacesError
from user_workspaces.interfaces.values import Observation, PreparationState, ResourceState
from user_workspaces.jobs.actions import change_status
from user_workspaces.jobs.decide import Action, Decision, Recorded, decide
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import due_jobs, write_endpoint
from user_workspaces.jobs.status import ENDED, JobStatus

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
SOON = timedelta(milliseconds=50)
SHORTLY = timedelta(seconds=1)
STEADY = timedelta(seconds=2)
LONGEST_BACK_OFF = timedelta(seconds=60)
JOBS_A_PASS = 200
KEPT_LOG_LINES = 200
STARTING = "Starting {name}."
READY = "Webserver ready."


def reconcile_jobs(*, now: datetime) -> int:
    """Bring the due jobs one step further; return how many there were."""
    by_resource: dict[str, list[Job]] = defaultdict(list)
    for job in due_jobs(now=now, limit=JOBS_A_PASS):
        if claim(job, now=now):
            by_resource[job.resource].append(job)
    for resource, jobs in by_resource.items():
        seen = look(resource, jobs)
        for job in jobs:
            advance(job, seen[job.key])
    return sum(len(jobs) for jobs in by_resource.values())


def claim(job: Job, *, now: datetime) -> bool:
    """Take the lease on a due job; False: another controller was first, or the job was changed."""
    due = Job.objects.filter(pk=job.pk, next_check_at=job.next_check_at)
    return bool(due.update(next_check_at=now + LEASE))


def look(resource: str, jobs: list[Job]) -> Mapping[str, Observation]:
    """Observe all of these jobs at once; a resource that is not configured any more cannot be seen."""
    if resource not in registry.current().resources:
        blind = Observation(ResourceState.UNREACHABLE, reason=f"{resource} is not configured any more")
        return {job.key: blind for job in jobs}
    return registry.current().resources.get(resource).observe([job.key for job in jobs])


def advance(job: Job, seen: Observation) -> None:
    """Decide and act on one job. The one place where a surprise is caught: it must not stop the others."""
    try:
        decision = decide(_recorded(job), seen, timezone.now())
        _act(job, decision, seen)
    except ResourceUnavailable as error:
        if isinstance(error, SubmissionRefused):
            _fail(job, error.message)
        else:
            _try_again(job, f"The resource does not answer; trying again. ({error.message})")
    except UserWorkspacesError as error:
        if job.status in ENDED:
            _try_again(job, "")
        else:
            _fail(job, error.message)
    except Exception:
        logger.exception("job %s: this pass failed; it stays as it is", job.pk)
        _try_again(job, f"Something went wrong inside the server; trying again. (job {job.pk})")


def _recorded(job: Job) -> Recorded:
    return Recorded(
        status=JobStatus(job.status),
        submitted=job.submitted,
        serves=job.serves,
        ready=job.datetime_ready is not None,
        started_at=job.datetime_start,
        startup=registry.site().session_startup,
        missed=job.missed,
    )


def _act(job: Job, decision: Decision, seen: Observation) -> None:
    match decision.action:
        case Action.SUBMIT:
            _submit(job)
        case Action.PROBE:
            _probe(job, seen)
        case Action.STOP:
            registry.current().resources.get(job.resource).stop(job.key)
            _record(job, decision, seen, again=SOON * 4)
        case Action.FORGET:
            _finish(job, decision, seen)
        case Action.NONE if seen.state is ResourceState.UNREACHABLE:
            _try_again(job, decision.message)
        case Action.NONE:
            _record(job, decision, seen, again=SHORTLY if job.status == JobStatus.PENDING else STEADY)


def _submit(job: Job) -> None:
    preparation = registry.current().job_types.get(job.job_type).prepare(job.resource)
    if preparation.state is PreparationState.FAILED:
        _fail(job, preparation.message)
        return
    if preparation.state is PreparationState.IN_PROGRESS:
        _again(job, SHORTLY, message=preparation.message)
        return
    spec = spec_of(job)
    number = registry.current().resources.get(job.resource).submit(spec)
    name = registry.site().job_types[job.job_type].name
    recorded = change_status(
        job=job, new=JobStatus.PENDING, now=timezone.now(), message=STARTING.format(name=name),
        submitted=True, resource_job_id=number,
    )  # fmt: skip
    if not recorded:  # stopped meanwhile: the next pass finds it running, and stops it
        Job.objects.filter(pk=job.pk).update(submitted=True, resource_job_id=number)
    _again(job, timedelta(0))


def _probe(job: Job, seen: Observation) -> None:
    job_type = registry.current().job_types.get(job.job_type)
    endpoint = job_type.endpoint(context_of(job))
    name = registry.site().job_types[job.job_type].name
    decision = Decision(Action.PROBE, JobStatus.RUNNING, READY if endpoint else STARTING.format(name=name))
    if endpoint is None:
        _record(job, decision, seen, again=SOON)
    else:
        found = {"endpoint": write_endpoint(endpoint), "datetime_ready": timezone.now()}
        _record(job, decision, seen, again=STEADY, **found)


def _finish(job: Job, decision: Decision, seen: Observation) -> None:
    """Keep the end of the log, record the end, and only then let the resource clean up."""
    resource = registry.current().resources.get(job.resource)
    log_tail = resource.log_tail(job.key, lines=KEPT_LOG_LINES) or job.log_tail
    _record(job, decision, seen, again=timedelta(0), log_tail=log_tail)
    if job.status in ENDED:
        resource.forget(job.key)
        Job.objects.filter(pk=job.pk, status=job.status).update(next_check_at=None)


def _record(job: Job, decision: Decision, seen: Observation, *, again: timedelta, **fields: object) -> None:
    now = timezone.now()
    fields.update(missed=seen.state is ResourceState.ABSENT and job.submitted, failed_checks=0)
    if seen.resource_job_id >= 0:
        fields.update(resource_job_id=seen.resource_job_id, submitted=True)
    if seen.started_at and not job.datetime_start:
        fields["datetime_start"] = seen.started_at
    if seen.ended_at and not job.datetime_end and decision.status in ENDED:
        fields["datetime_end"] = seen.ended_at
    message = decision.message if decision.message != job.message else ""
    change_status(job=job, new=decision.status, now=now, message=message, **fields)
    _again(job, again)


def _fail(job: Job, message: str) -> None:
    change_status(job=job, new=JobStatus.FAILED, now=timezone.now(), message=message)
    _again(job, timedelta(0))


def _try_again(job: Job, message: str) -> None:
    """Back off: 1, 2, 4 ... 60 seconds."""
    delay = min(LONGEST_BACK_OFF, SHORTLY * 2 ** min(job.failed_checks, 10))
    _again(job, delay, message=message, failed_checks=job.failed_checks + 1)


def _again(job: Job, delay: timedelta, *, message: str = "", **fields: object) -> None:
    """Give the lease back: due again after a while, or at once if somebody changed the job meanwhile."""
    now = timezone.now()
    if message:
        fields["message"] = message
    same = Job.objects.filter(pk=job.pk, status=job.status, next_check_at__isnull=False)
    if not same.update(next_check_at=now + delay, **fields):
        Job.objects.filter(pk=job.pk, next_check_at__isnull=False).update(next_check_at=now)
