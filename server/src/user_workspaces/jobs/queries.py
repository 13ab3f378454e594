"""Queries on jobs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
from django.db.models import Count, Max, Q, QuerySet, Sum

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.db.leases import due
from user_workspaces.db.raw_lists import PerOwnerQuery
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.endpoint import Endpoint, Mount
from user_workspaces.interfaces.settings import JOB_TYPE_OF_BUILDS, JOB_TYPE_OF_RUNS
from user_workspaces.jobs.clock import run_time
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED, LIVE, JobStatus

SECONDS_AN_HOUR = 3600
LONGEST_WAIT = timedelta(minutes=5)
"""The longest time between two checks of a job: longer than its longest back-off. A leased job is never due."""
FIFTH_DECIMAL = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class ReadySession:
    """A ready session, with all that the proxy needs to route to it."""

    job_id: int
    resource: str
    owner_id: int
    epoch: int
    endpoint: Endpoint
    port: int | None
    """The session's own port, if it has one."""


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """The numbers of a user's live jobs."""

    running: int
    moving: int
    """Pending or stopping."""


def jobs_of(user: User) -> QuerySet[Job]:
    """Return a user's jobs, newest first."""
    return _listed(user.pk)


def _listed(owner_id: int) -> QuerySet[Job]:
    return Job.objects.filter(owner_id=owner_id).order_by("-id")


LISTED = PerOwnerQuery(_listed)
"""The same query, for reading raw rows."""


def find_job(*, user: User, job_id: int) -> Job:
    """Return a user's job; raises `NotFound`, also for a job of another user."""
    found = jobs_of(user).select_related("owner").filter(pk=job_id).first()
    if found is None:
        raise NotFound(f"Job {job_id} not found for user.")
    return found


def live_jobs(*, workspace_id: int) -> QuerySet[Job]:
    """Return the jobs of a workspace that have not ended."""
    return Job.objects.filter(workspace_id=workspace_id, status__in=LIVE).order_by("-id")


def count_live_jobs() -> int:
    """Return the number of live jobs of all users."""
    return Job.objects.filter(status__in=LIVE).count()


@dataclass(frozen=True, slots=True)
class ResourceLoad:
    """The live jobs of all users on one resource that have one status."""

    resource: str
    status: str
    jobs: int
    users: int
    cpus: int
    memory_mb: int


def load_of_resources() -> list[ResourceLoad]:
    """Return the live jobs by resource and status, in one query."""
    live = Job.objects.filter(status__in=LIVE).order_by("resource", "status").values("resource", "status")
    sums = live.annotate(
        jobs=Count("id"), users=Count("owner", distinct=True), all_cpus=Sum("cpus"), all_memory=Sum("memory_mb")
    )
    return [
        ResourceLoad(row["resource"], row["status"], row["jobs"], row["users"], row["all_cpus"], row["all_memory"] or 0)
        for row in sums
    ]


def latest_job_of_each(workspace_ids: Iterable[int]) -> dict[int, Job]:
    """Return the newest job of each of these workspaces, except builds of environments, in one query."""
    in_them = Job.objects.filter(workspace_id__in=list(workspace_ids)).exclude(job_type=JOB_TYPE_OF_BUILDS)
    # `order_by()`: columns of an ordering would join the GROUP BY.
    newest = in_them.order_by().values("workspace_id").annotate(newest=Max("id")).values("newest")
    return {job.workspace_id: job for job in Job.objects.filter(pk__in=newest).defer("secret", "endpoint")}


def statuses_of(job_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the statuses of these jobs, in one query."""
    wanted = {job_id for job_id in job_ids if job_id is not None}
    return dict(Job.objects.filter(pk__in=wanted).values_list("pk", "status"))


def live_jobs_of_each(workspace_ids: Iterable[int]) -> dict[int, list[Job]]:
    """Return the live jobs of each of these workspaces, newest first, in one query."""
    live = Job.objects.filter(workspace_id__in=list(workspace_ids), status__in=LIVE).order_by("-id")
    found: dict[int, list[Job]] = {}
    for job in live.defer("secret", "endpoint"):  # encrypted: loading them decrypts them
        found.setdefault(job.workspace_id, []).append(job)
    return found


def live_job_counts(user: User) -> LiveCounts:
    """Return the numbers of a user's running jobs and of those that are pending or stopping."""
    per_status = Job.objects.filter(owner=user, status__in=LIVE).order_by().values_list("status").annotate(Count("id"))
    counts = dict(per_status)
    running = counts.pop(JobStatus.RUNNING, 0)
    return LiveCounts(running=running, moving=sum(counts.values()))


def jobs_in(*, user: User, workspace_id: int) -> QuerySet[Job]:
    """Return a user's launches in one workspace, newest first, without columns that lists do not show."""
    return _launches_of(user).filter(workspace_id=workspace_id).defer("secret", "endpoint", "log_tail")


def last_launch(*, user: User, workspace_id: int) -> Job | None:
    """Return the user's newest launch in this workspace; if there is none, the newest in any workspace."""
    launches = _launches_of(user)
    return launches.filter(workspace_id=workspace_id).first() or launches.first()


def _launches_of(user: User) -> QuerySet[Job]:
    """Return a user's jobs without runs and builds of environments, which no launch form starts."""
    return jobs_of(user).exclude(job_type__in=(JOB_TYPE_OF_RUNS, JOB_TYPE_OF_BUILDS))


def log_of(job: Job, *, lines: int) -> str:
    """Return the last lines of a job's log: from the row if it has ended, else from the resource.

    Raises `ResourceUnavailable` if the resource does not respond.
    """
    if job.status in ENDED or not job.submitted or job.resource not in registry.current().resources:
        return job.log_tail
    return registry.current().resources.get(job.resource).log_tail(job.key, lines=lines)


def unsettled_jobs() -> QuerySet[Job]:
    """Return the jobs that have not ended, or that their resource has not cleaned up."""
    return Job.objects.filter(Q(status__in=LIVE) | Q(next_check_at__isnull=False))


def unsettled_keys() -> frozenset[str]:
    """Return the keys of the unsettled jobs."""
    return frozenset(unsettled_jobs().values_list("key", flat=True))


def due_jobs(*, now: datetime, limit: int) -> list[Job]:
    """Return the due jobs, the longest due first."""
    found = Job.objects.filter(due(now=now, longest=LONGEST_WAIT)).order_by("next_check_at", "id")
    return list(found.select_related("owner")[:limit])


def ready_sessions() -> list[ReadySession]:
    """Return all ready sessions of active users, in one query: the whole routing table of the proxy."""
    rows = (
        Job.objects.filter(status=JobStatus.RUNNING, owner__is_active=True, datetime_ready__isnull=False)
        # The only comparison that an encrypted column allows: empty text is not encrypted.
        .exclude(endpoint="")
        .values_list("id", "resource", "owner_id", "owner__session_epoch", "endpoint", "session_port")
    )
    return [
        ReadySession(job_id, resource, owner_id, epoch, read_endpoint(endpoint), port)
        for job_id, resource, owner_id, epoch, endpoint, port in rows
    ]


def job_of_port(port: int) -> int | None:
    """Return the live job with this port, else the last one that had it, so that its pages can say that it ended."""
    # A port is reused, but only one live job has it: see the constraint of the model.
    known = Job.objects.filter(session_port=port).values_list("pk", flat=True)
    return known.filter(status__in=LIVE).first() or known.order_by("-datetime_end", "-pk").first()


def write_endpoint(endpoint: Endpoint) -> str:
    """Serialize an endpoint for the encrypted column of the job."""
    return orjson.dumps({name: getattr(endpoint, name) for name in Endpoint.__dataclass_fields__}).decode()


def read_endpoint(text: str) -> Endpoint:
    """Deserialize an endpoint."""
    stored = orjson.loads(text)
    # Rows of an earlier release lack both. JSON knows neither the enum nor tuples.
    mount, hidden = Mount(stored.pop("mount", Mount.KEEP)), tuple(stored.pop("strip_headers", ()))
    return Endpoint(**stored, mount=mount, strip_headers=hidden)


def mount_of(job: Job) -> Mount:
    """Return the mount of a session; `KEEP` until it is ready."""
    return read_endpoint(job.endpoint).mount if job.endpoint else Mount.KEEP


def core_hours(job: Job, *, now: datetime) -> Decimal:
    """Return allocated CPUs x wall hours, up to now for a running job."""
    if job.status in ENDED or job.datetime_start is None:
        return Decimal(job.core_hours).quantize(FIFTH_DECIMAL)
    return used_core_hours(cpus=job.cpus, start=job.datetime_start, end=now, started=job.start_mark, now=now)


def used_core_hours(*, cpus: int, start: datetime, end: datetime, started: str, now: datetime) -> Decimal:
    """Return CPUs x hours, to the fifth decimal; see `run_time`."""
    hours = Decimal(run_time(start=start, end=end, started=started, now=now).total_seconds()) / SECONDS_AN_HOUR
    return (hours * cpus).quantize(FIFTH_DECIMAL)


def time_left(job: Job, *, now: datetime) -> int | None:
    """Return the seconds until the time limit ends a running job; None without a limit."""
    return seconds_left(status=job.status, start=job.datetime_start, limit_seconds=job.time_limit_seconds, now=now)


def seconds_left(*, status: str, start: datetime | None, limit_seconds: int | None, now: datetime) -> int | None:
    """Return the same from single columns of a job."""
    if status != JobStatus.RUNNING or start is None or limit_seconds is None:
        return None
    return max(0, limit_seconds - int((now - start).total_seconds()))
