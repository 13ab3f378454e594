"""The actions on one job, each followed by its record: submit, probe, stop, finish, wait."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from user_workspaces import registry
from user_workspaces.controller.launch import context_of, needs_token, prepare, spec_of
from user_workspaces.controller.lease import release
from user_workspaces.db.leases import lease_length
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.interfaces.resource import Resource
from user_workspaces.interfaces.values import Endpoint, Observation, PreparationState, ResourceState
from user_workspaces.jobs.actions import change_status
from user_workspaces.jobs.clock import run_time, start_reading
from user_workspaces.jobs.decide import Action, Decision, Recorded, unanswered
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import write_endpoint
from user_workspaces.jobs.session_tokens import grant_session_token
from user_workspaces.jobs.status import ENDED, JobStatus

AT_ONCE = timedelta(0)
SOON = timedelta(milliseconds=50)
STOP_INTERVAL = timedelta(milliseconds=200)
SHORTLY = timedelta(seconds=1)
STEADY = timedelta(seconds=2)
LONGEST_BACK_OFF = timedelta(seconds=60)
KEPT_LOG_LINES = 200
KEPT_LOG_CHARACTERS = 64_000
LONGEST_MESSAGE = 2_000
READY = "Webserver ready."


@dataclass(frozen=True, slots=True)
class JobPass:
    """One job in one pass: its row, its observation and the clock of the pass."""

    job: Job
    seen: Observation
    clock: Callable[[], datetime]

    @property
    def resource(self) -> Resource:
        """The resource that the job runs on."""
        return registry.current().resources.get(self.job.resource)


def snapshot(job: Job) -> Recorded:
    """Return the fields of a row that a decision depends on."""
    return Recorded(
        status=JobStatus(job.status),
        submitted=job.submitted,
        serves=job.serves,
        ready=job.datetime_ready is not None,
        started_at=job.datetime_start,
        startup=_startup(job),
        missed=job.missed,
    )


def _startup(job: Job) -> timedelta:
    types = registry.current().job_types
    own = types.get(job.job_type).startup if job.job_type in types else None
    return own or registry.site().session_startup


def execute(job_pass: JobPass, decision: Decision) -> None:
    """Carry out a decision, then record it."""
    match decision.action:
        case Action.SUBMIT:
            _submit(job_pass)
        case Action.PROBE:
            _probe(job_pass)
        case Action.STOP:
            # Repeated at each check until the job has ended: after SIGTERM the resource uses force.
            job_pass.resource.stop(job_pass.job.key)
            _record(job_pass, decision, again=STOP_INTERVAL)
        case Action.FORGET:
            _finish(job_pass, decision)
        case Action.NONE if job_pass.seen.state is ResourceState.UNREACHABLE:
            try_again(job_pass, decision.message)
        case Action.NONE:
            _record(job_pass, decision, again=SHORTLY if job_pass.job.status == JobStatus.PENDING else STEADY)


def fail(job_pass: JobPass, message: str) -> None:
    """Record that the job cannot be launched."""
    now = job_pass.clock()
    text = _storable(message, LONGEST_MESSAGE)
    change_status(job=job_pass.job, new=JobStatus.FAILED, now=now, message=text, lease=job_pass.job.next_check_at)


def try_again(job_pass: JobPass, message: str) -> None:
    """Release the job and retry after 1, 2, 4 ... 60 seconds, at most after the length of a lease."""
    failed = job_pass.job.failed_checks
    # The exponent is bounded: 2 ** 1000 seconds do not fit into a timedelta.
    delay = min(LONGEST_BACK_OFF, lease_length(), SHORTLY * 2 ** min(failed, 10))
    text = _storable(message, LONGEST_MESSAGE)
    release(job_pass.job, at=job_pass.clock() + delay, message=text, failed_checks=min(failed + 1, 1_000))


def _submit(job_pass: JobPass) -> None:
    job = job_pass.job
    preparation = prepare(job)
    if preparation.state is PreparationState.FAILED:
        fail(job_pass, preparation.message)
        return
    if preparation.state is PreparationState.IN_PROGRESS:
        release(job, at=job_pass.clock() + SHORTLY, message=_storable(preparation.message, LONGEST_MESSAGE))
        return
    # Before the submission: a job may use its token as soon as it starts.
    if needs_token(job) and not grant_session_token(job=job, now=job_pass.clock()):
        release(job, at=job_pass.clock())  # the job was stopped meanwhile
        return
    # If the process dies after this, the lease ends and the job is submitted again: that is idempotent by its key.
    number = job_pass.resource.submit(spec_of(job))
    now, taken = job_pass.clock(), {"submitted": True, "resource_job_id": number}
    still_wanted = change_status(
        job=job, new=JobStatus.PENDING, now=now, message=_starting(job), lease=job.next_check_at,
        next_check_at=now, failed_checks=0, **taken,
    )  # fmt: skip
    if not still_wanted:  # the job was stopped, perhaps even settled, during submit(): make it due once more
        Job.objects.filter(pk=job.pk).update(next_check_at=now, **taken)


def _probe(job_pass: JobPass) -> None:
    endpoint, problem = _endpoint_of(job_pass.job)
    if endpoint is not None:
        found = {"endpoint": write_endpoint(endpoint), "datetime_ready": job_pass.clock()}
        _record(job_pass, Decision(Action.NONE, JobStatus.RUNNING, READY), again=STEADY, **found)
        return
    decision = unanswered(snapshot(job_pass.job), job_pass.seen, _unset(job_pass.job, job_pass.clock()))
    if decision.action is Action.STOP:
        job_pass.resource.stop(job_pass.job.key)
        _record(job_pass, decision, again=STOP_INTERVAL)
    else:
        waiting = Decision(Action.NONE, JobStatus.RUNNING, problem or _starting(job_pass.job))
        _record(job_pass, waiting, again=SHORTLY if problem else SOON)


def _unset(job: Job, now: datetime) -> datetime:
    """Return the current time as if the system clock had not been set since the start of the job."""
    start = job.datetime_start
    return now if start is None else start + run_time(start=start, end=now, started=job.start_mark, now=now)


def _endpoint_of(job: Job) -> tuple[Endpoint | None, str]:
    """Return the session's endpoint, and a message if it cannot be probed (its account or job type is gone)."""
    try:
        return registry.current().job_types.get(job.job_type).endpoint(context_of(job)), ""
    except UserWorkspacesError as error:
        return None, error.message


def _starting(job: Job) -> str:
    job_type = registry.site().job_types.get(job.job_type)
    return f"Starting {job_type.name if job_type else job.job_type}."


def _finish(job_pass: JobPass, decision: Decision) -> None:
    """Store the end of the log and the status before the resource deletes the job's state."""
    job = job_pass.job
    log = _storable(job_pass.resource.log_tail(job.key, lines=KEPT_LOG_LINES), KEPT_LOG_CHARACTERS)
    # A repeated pass finds no log any more after `forget`, and keeps the stored one.
    if _record(job_pass, decision, again=None, log_tail=log or job.log_tail):
        job_pass.resource.forget(job.key)
        # Last: if the process dies before, the ended job is due again after the lease and is forgotten then.
        release(job, at=None)


def _record(job_pass: JobPass, decision: Decision, *, again: timedelta | None, **fields: object) -> bool:
    """Record a decision and the next check (None: keep the lease). Return False if the lease was lost."""
    job, seen, now = job_pass.job, job_pass.seen, job_pass.clock()
    is_known = seen.state is not ResourceState.ABSENT
    # A job that the resource knows was accepted, even if the process died before it recorded that.
    fields.update(missed=job.submitted and not is_known, failed_checks=0, submitted=job.submitted or is_known)
    fields["next_check_at"] = job.next_check_at if again is None else now + again
    if seen.resource_job_id >= 0:
        fields["resource_job_id"] = seen.resource_job_id
    is_first_start = (
        job.datetime_start is None and job.status not in ENDED
    )  # a job that was stopped before its start has none
    if is_first_start and (seen.started_at or seen.state is ResourceState.RUNNING):
        # The clock of a resource may be ahead of this one: no job has started in the future.
        fields["datetime_start"] = start = min(seen.started_at or now, now)
        fields["start_mark"] = start_reading(start=start, now=now)
        if decision.status is JobStatus.RUNNING and needs_token(job):  # the token's lifetime starts with the job
            grant_session_token(job=job, now=now, start=start)
    if seen.ended_at and not job.datetime_end and decision.status in ENDED:
        fields["datetime_end"] = seen.ended_at
    message = _storable(decision.message, LONGEST_MESSAGE)
    return change_status(
        job=job, new=decision.status, now=now, message=message if message != job.message else "",
        lease=job.next_check_at, **fields,
    )  # fmt: skip


def _storable(text: str, longest: int) -> str:
    """Return the end of a text without NUL and lone surrogates, which PostgreSQL rejects; jobs print anything."""
    return text[-longest:].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
