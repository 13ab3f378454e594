"""Start, stop and end jobs. Only `change_status` writes the status of a job."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.environments.selection import check_choice
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Limits
from user_workspaces.jobs import resource_options
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import live_jobs, used_core_hours
from user_workspaces.jobs.quota_check import reserve_launch
from user_workspaces.jobs.session_tokens import revoke_session_token
from user_workspaces.jobs.session_urls import is_served_by_path
from user_workspaces.jobs.status import ENDED, LIVE, STOPPABLE, TRANSITIONS, JobStatus
from user_workspaces.workspaces import actions as workspaces
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import is_usable

NO_ORIGIN = (
    "This application needs a separate origin for its sessions. Ask your administrator to set passthrough_domain "
    "or UWS_SESSION_PORTS."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """A request to run a job of one type in a workspace."""

    owner: User
    workspace_id: int
    job_type: str
    """Empty: the default of the workspace."""
    job_details: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    """The `resource_options` of the API."""
    resource: str = ""
    """Empty: the `resource` of the options, else the main resource of the site."""
    is_listed: bool = True
    """True if the job type must be one that users can choose."""


def start_job(request: LaunchRequest, *, now: datetime) -> Job:
    """Check a launch and record a pending job, which the controller submits; raises `InvalidRequest` and others."""
    site, details = registry.site(), request.job_details
    resource_options.check_storable(details, label="Job details")
    resource_options.check_storable(request.options, label="Resource options")
    with transaction.atomic():
        # Locked until the job is inserted: a concurrent deletion either sees the job or makes this launch fail.
        workspace = workspaces.lock_workspace(owner=request.owner, workspace_id=request.workspace_id)
        name = _job_type(request.job_type, workspace) if request.is_listed else request.job_type
        kind = registry.current().job_types.get(name)
        resource = _resource(request.resource or request.options.get("resource") or site.main_resource)
        options = resource_options.validate(request.options, site.parameters)
        limits = options.limits(site.resources[resource].parameter_mapping)
        kind.check_launch(resource, resource_options.job_parameters(kind.Parameters, details))
        check_choice(details.get("environment"), resource=resource)
        if kind.needs_own_origin and is_served_by_path(resource):
            raise InvalidRequest(NO_ORIGIN)
        if not is_usable(workspace):
            raise InvalidRequest(f"Workspace {workspace.pk} is {workspace.status}; nothing can be launched in it now.")
        # Last, because it locks the account: no other launch of this user waits for the checks above.
        reserve_launch(owner_id=request.owner.pk, resource=resource, limits=limits, now=now)
        job = _new_job(request, workspace, limits, now=now)
        job.job_type, job.resource, job.serves = name, resource, kind.is_interactive
        job.save(force_insert=True)
        workspaces.note_job_launched(workspace_id=workspace.pk, now=now)
    return job


def _new_job(request: LaunchRequest, workspace: Workspace, limits: Limits, *, now: datetime) -> Job:
    return Job(
        owner=request.owner,
        workspace=workspace,
        # The options come last: a `resource_options` among the details must not replace the validated ones.
        requested={**request.job_details, "resource_options": dict(request.options)},
        cpus=limits.cpus,
        memory_mb=limits.memory_mb,
        time_limit_seconds=limits.time_limit_seconds,
        message="Waiting for the resource.",
        datetime_created=now,
        next_check_at=now,
    )


def _job_type(asked: str, workspace: Workspace) -> str:
    name = asked or workspace.default_job_type
    if not name:
        raise InvalidRequest("Missing job_type and no default job type set on workspace.")
    if name not in registry.site().job_types:
        raise InvalidRequest(f"{name} is not in the list of available job types.")
    return name


def _resource(name: object) -> str:
    if not isinstance(name, str) or name not in registry.site().resources:
        raise InvalidRequest(f"{name} is not in the list of available resources.")
    return name


def stop_job(*, job: Job, now: datetime) -> JobStatus:
    """Record that a job is to be stopped and return its new status; the controller stops it.

    A job that was not submitted is complete at once. If the controller submits it at the same time, it still stops
    it: an ended job stays due until the resource reports it as absent.
    """
    if job.status not in STOPPABLE:
        raise InvalidRequest("This job is not running or pending.")
    never_accepted = job.status == JobStatus.PENDING and not job.submitted
    new = JobStatus.COMPLETE if never_accepted else JobStatus.STOPPING
    message = "Stopped before it started." if never_accepted else "Stopping."
    if change_status(job=job, new=new, now=now, message=message):
        return new
    # The controller changed the job in the meantime: decide again by its new state.
    job.refresh_from_db()
    # The recursion ends, because no transition leads back to an earlier status.
    return stop_job(job=job, now=now)


def change_status(
    *, job: Job, new: JobStatus, now: datetime, message: str = "", lease: datetime | None = None, **fields: object
) -> bool:
    """Change the status of a job, unless it was changed since `job` was read; return whether it was written.

    `fields` are other columns of the same UPDATE. With `lease`, the row is only written while that lease is held. A
    new status makes the job due now, unless `fields` contain `next_check_at`.
    """
    old = JobStatus(job.status)
    if new is not old and new not in TRANSITIONS[old]:
        raise ValueError(f"a job cannot go from {old} to {new}")
    written = {"message": message, **fields} if message else dict(fields)
    ends = new is not old and new in ENDED
    if new is not old:
        written = {"next_check_at": now, **written, "status": new}
    if ends:
        written.update(_ending(job, now, written))
    # Compare and swap in one UPDATE: of concurrent writers exactly one finds the old values.
    # `submitted` is compared too, because stopping a pending job depends on it.
    unchanged = Job.objects.filter(pk=job.pk, status=old, submitted=job.submitted)
    if lease is not None:
        unchanged = unchanged.filter(next_check_at=lease)
    if not (_end(unchanged, job=job, written=written, now=now) if ends else unchanged.update(**written)):
        return False
    if new is JobStatus.STOPPING:  # the session may not start runs while it is being stopped
        revoke_session_token(job)
    for name, value in written.items():
        setattr(job, name, value)
    return True


def _end(unchanged: QuerySet[Job], *, job: Job, written: Mapping[str, object], now: datetime) -> bool:
    """Write the end of a job. If it was the last one of its workspace, the workspace becomes idle."""
    with transaction.atomic():
        # Two jobs that end at once wait for each other here; otherwise each would see the other one as live.
        list(Workspace.objects.select_for_update().filter(pk=job.workspace_id))
        if not unchanged.update(**written):
            return False
        revoke_session_token(job)
        if not live_jobs(workspace_id=job.workspace_id).exists():
            workspaces.note_jobs_ended(workspace_id=job.workspace_id, now=now)
    return True


def _ending(job: Job, now: datetime, written: Mapping[str, object]) -> dict[str, object]:
    end, start = written.get("datetime_end") or now, written.get("datetime_start") or job.datetime_start
    # A later job may listen at the same address: an ended job must not keep an endpoint.
    ending: dict[str, object] = {"datetime_end": end, "endpoint": ""}
    if isinstance(start, datetime) and isinstance(end, datetime):
        ending["core_hours"] = used_core_hours(
            cpus=job.cpus, start=start, end=end, started=str(written.get("start_mark", job.start_mark)), now=now
        )
    return ending


def stop_all(*, owner: User, now: datetime) -> int:
    """Stop all pending and running jobs of a user; return their number."""
    running = [job for job in Job.objects.filter(owner=owner, status__in=LIVE) if job.status in STOPPABLE]
    for job in running:
        with suppress(InvalidRequest):  # it has just ended by itself
            stop_job(job=job, now=now)
    return len(running)


def delete_workspace(*, owner: User, workspace_id: int, force: bool, now: datetime) -> None:
    """Queue a workspace for deletion; with `force` its jobs are stopped, and it is deleted when they have ended."""
    with transaction.atomic():
        workspace = workspaces.lock_workspace(owner=owner, workspace_id=workspace_id)
        if workspace.status == WorkspaceStatus.DELETING:
            return
        # Launches wait for the lock on the workspace: no job is added after this query.
        running = list(live_jobs(workspace_id=workspace_id))
        if running and not force:
            raise InvalidRequest("Cannot delete workspace, jobs are running for this workspace.")
        for job in running:
            if job.status in STOPPABLE:
                stop_job(job=job, now=now)
        workspaces.queue_deletion(workspace_id=workspace_id, now=now)
