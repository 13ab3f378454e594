"""What is done about one job, and recorded: submit, ask, stop, finish, wait."""

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
WHILE_IT_ENDS = timedelta(milliseconds=200)
SHORTLY = timedelta(seconds=1)
STEADY = timedelta(seconds=2)
LONGEST_BACK_OFF = timedelta(seconds=60)
KEPT_LOG_LINES = 200
KEPT_LOG_CHARACTERS = 64_000
LONGEST_MESSAGE = 2_000
READY = "Webserver ready."


@dataclass(frozen=True, slots=True)
class JobPass:
    """One job's turn in a pass: what is recorded, what is seen, and what time it is."""

    job: Job
    seen: Observation
    clock: Callable[[], datetime]

    @property
    def resource(self) -> Resource:
        """Where it runs."""
        return registry.current().resources.get(self.job.resource)


def snapshot(job: Job) -> Recorded:
    """Return what a decision has to know of a row."""
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


def execute(turn: JobPass, decision: Decision) -> None:
    """Do what was decided, then write it down."""
    match decision.action:
        case Action.SUBMIT:
            _submit(turn)
        case Action.PROBE:
            _probe(turn)
        case Action.STOP:
            turn.resource.stop(turn.job.key)
            _record(turn, decision, again=WHILE_IT_ENDS)
        case Action.FORGET:
            _finish(turn, decision)
        case Action.NONE if turn.seen.state is ResourceState.UNREACHABLE:
            try_again(turn, decision.message)
        case Action.NONE:
            _record(turn, decision, again=SHORTLY if turn.job.status == JobStatus.PENDING else STEADY)


def fail(turn: JobPass, message: str) -> None:
    """Record that it cannot be launched."""
    now = turn.clock()
    text = _storable(message, LONGEST_MESSAGE)
    change_status(job=turn.job, new=JobStatus.FAILED, now=now, message=text, lease=turn.job.next_check_at)


def try_again(turn: JobPass, message: str) -> None:
    """Release the job and retry after 1, 2, 4 ... 60 seconds, at most after the length of a lease."""
    failed = turn.job.failed_checks
    delay = min(LONGEST_BACK_OFF, lease_length(), SHORTLY * 2 ** min(failed, 10))
    text = _storable(message, LONGEST_MESSAGE)
    release(turn.job, at=turn.clock() + delay, message=text, failed_checks=min(failed + 1, 1_000))


def _submit(turn: JobPass) -> None:
    job = turn.job
    preparation = prepare(job)
    if preparation.state is PreparationState.FAILED:
        fail(turn, preparation.message)
        return
    if preparation.state is PreparationState.IN_PROGRESS:
        release(job, at=turn.clock() + SHORTLY, message=_storable(preparation.message, LONGEST_MESSAGE))
        return
    if needs_token(job) and not grant_session_token(job=job, now=turn.clock()):
        release(job, at=turn.clock())  # stopped in this very moment
        return
    number = turn.resource.submit(spec_of(job))
    now, taken = turn.clock(), {"submitted": True, "resource_job_id": number}
    still_wanted = change_status(
        job=job, new=JobStatus.PENDING, now=now, message=_starting(job), lease=job.next_check_at,
        next_check_at=now, failed_checks=0, **taken,
    )  # fmt: skip
    if not still_wanted:  # stopped in this very moment, perhaps settled already: it has to be looked at once more
        Job.objects.filter(pk=job.pk).update(next_check_at=now, **taken)


def _probe(turn: JobPass) -> None:
    endpoint, problem = _endpoint_of(turn.job)
    if endpoint is not None:
        found = {"endpoint": write_endpoint(endpoint), "datetime_ready": turn.clock()}
        _record(turn, Decision(Action.NONE, JobStatus.RUNNING, READY), again=STEADY, **found)
        return
    decision = unanswered(snapshot(turn.job), turn.seen, _unset(turn.job, turn.clock()))
    if decision.action is Action.STOP:
        turn.resource.stop(turn.job.key)
        _record(turn, decision, again=WHILE_IT_ENDS)
    else:
        waiting = Decision(Action.NONE, JobStatus.RUNNING, problem or _starting(turn.job))
        _record(turn, waiting, again=SHORTLY if problem else SOON)


def _unset(job: Job, now: datetime) -> datetime:
    """Return what time it would be had nobody set the clock since the job began."""
    start = job.datetime_start
    return now if start is None else start + run_time(start=start, end=now, started=job.start_mark, now=now)


def _endpoint_of(job: Job) -> tuple[Endpoint | None, str]:
    """Return where the session answers, and else what keeps us from asking (an account or job type that is gone)."""
    try:
        return registry.current().job_types.get(job.job_type).endpoint(context_of(job)), ""
    except UserWorkspacesError as error:
        return None, error.message


def _starting(job: Job) -> str:
    job_type = registry.site().job_types.get(job.job_type)
    return f"Starting {job_type.name if job_type else job.job_type}."


def _finish(turn: JobPass, decision: Decision) -> None:
    """Keep the end of the log, record the end, and only then let the resource clean up."""
    job = turn.job
    log = _storable(turn.resource.log_tail(job.key, lines=KEPT_LOG_LINES), KEPT_LOG_CHARACTERS)
    if _record(turn, decision, again=None, log_tail=log or job.log_tail):
        turn.resource.forget(job.key)
        release(job, at=None)


def _record(turn: JobPass, decision: Decision, *, again: timedelta | None, **fields: object) -> bool:
    """Write a decision and when to look again (None: the lease is kept); False: the lease was lost."""
    job, seen, now = turn.job, turn.seen, turn.clock()
    is_there = seen.state is not ResourceState.ABSENT
    fields.update(missed=job.submitted and not is_there, failed_checks=0, submitted=job.submitted or is_there)
    fields["next_check_at"] = job.next_check_at if again is None else now + again
    if seen.resource_job_id >= 0:
        fields["resource_job_id"] = seen.resource_job_id
    is_news = job.datetime_start is None and job.status not in ENDED  # what was stopped before it started, did not
    if is_news and (seen.started_at or seen.state is ResourceState.RUNNING):
        fields["datetime_start"] = start = min(seen.started_at or now, now)
        fields["start_mark"] = start_reading(start=start, now=now)
        if decision.status is JobStatus.RUNNING and needs_token(job):  # perhaps it waited: its time counts from here
            grant_session_token(job=job, now=now, start=start)
    if seen.ended_at and not job.datetime_end and decision.status in ENDED:
        fields["datetime_end"] = seen.ended_at
    message = _storable(decision.message, LONGEST_MESSAGE)
    return change_status(
        job=job, new=decision.status, now=now, message=message if message != job.message else "",
        lease=job.next_check_at, **fields,
    )  # fmt: skip


def _storable(text: str, longest: int) -> str:
    """Return the end of a text as a database can keep it: what jobs print may hold anything."""
    return text[-longest:].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
