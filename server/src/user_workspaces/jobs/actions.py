"""What is done with jobs. Every change of status goes through `change_status`, the one writer."""

from collections.abc import Mapping
from contextlib import suppress
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
    "This application needs sessions with an origin of their own: ask your administrator to set passthrough_domain "
    "or UWS_SESSION_PORTS."
)


def start_job(
    *,
    owner: User,
    workspace_id: int,
    job_type: str,
    job_details: Mapping[str, object],
    options: Mapping[str, object],
    now: datetime,
    resource: str = "",
    is_listed: bool = True,
) -> Job:
    """Write the wish for a job; the controller does the rest. Without `resource` the options or the site name it.

    `is_listed`: whether it has to be a job type that people can choose.
    """
    site = registry.site()
    resource_options.check_storable(job_details, label="Job details")
    resource_options.check_storable(options, label="Resource options")
    with transaction.atomic():
        workspace = workspaces.lock_workspace(owner=owner, workspace_id=workspace_id)
        name = _job_type(job_type, workspace) if is_listed else job_type
        kind = registry.current().job_types.get(name)
        resource = _resource(resource or options.get("resource") or site.main_resource)
        limits = resource_options.validate(options, site.parameters).limits(site.resources[resource].parameter_mapping)
        kind.check_launch(resource, resource_options.job_parameters(kind.Parameters, job_details))
        check_choice(job_details.get("environment"), resource=resource)
        if kind.needs_own_origin and is_served_by_path(resource):
            raise InvalidRequest(NO_ORIGIN)
        if not is_usable(workspace):
            raise InvalidRequest(f"Workspace {workspace.pk} is {workspace.status}: nothing can be launched in it now.")
        reserve_launch(owner_id=owner.pk, resource=resource, limits=limits, now=now)
        serves = kind.is_interactive
        job = _new_job(owner, workspace, job_type=name, resource=resource, limits=limits, serves=serves, now=now)
        job.requested = {**job_details, "resource_options": dict(options)}
        job.save(force_insert=True)
        workspaces.note_job_launched(workspace_id=workspace.pk, now=now)
    return job


def _new_job(
    owner: User, workspace: Workspace, *, job_type: str, resource: str, limits: Limits, serves: bool, now: datetime
) -> Job:
    return Job(
        owner=owner,
        workspace=workspace,
        job_type=job_type,
        resource=resource,
        cpus=limits.cpus,
        memory_mb=limits.memory_mb,
        time_limit_seconds=limits.time_limit_seconds,
        serves=serves,
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
    """Write the wish that a job ends; return its new status.

    A job that the resource never accepted is complete at once. Should it have been submitted in this very
    moment, the controller still finds it (an ended job stays due until the resource says it is gone).
    """
    if job.status not in STOPPABLE:
        raise InvalidRequest("This job is not running or pending.")
    never_accepted = job.status == JobStatus.PENDING and not job.submitted
    new = JobStatus.COMPLETE if never_accepted else JobStatus.STOPPING
    message = "Stopped before it started." if never_accepted else "Stopping."
    if change_status(job=job, new=new, now=now, message=message):
        return new
    job.refresh_from_db()
    return stop_job(job=job, now=now)


def change_status(
    *, job: Job, new: JobStatus, now: datetime, message: str = "", lease: datetime | None = None, **fields: object
) -> bool:
    """Move a job to a status, if it is still as `job` says; False: somebody was first, and nothing was written.

    `fields` are further columns to write in the same moment. With `lease` only who still holds it may write.
    A new status makes the job due, unless `fields` say when (`next_check_at`).
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
    unchanged = Job.objects.filter(pk=job.pk, status=old, submitted=job.submitted)
    if lease is not None:
        unchanged = unchanged.filter(next_check_at=lease)
    if not (_end(unchanged, job=job, written=written, now=now) if ends else unchanged.update(**written)):
        return False
    if new is JobStatus.STOPPING:  # what is no longer wanted needs no more access
        revoke_session_token(job)
    for name, value in written.items():
        setattr(job, name, value)
    return True


def _end(unchanged: QuerySet[Job], *, job: Job, written: Mapping[str, object], now: datetime) -> bool:
    """Write the end of a job; the last one that ends leaves its workspace idle. Two at once wait for each other."""
    with transaction.atomic():
        list(Workspace.objects.select_for_update().filter(pk=job.workspace_id))
        if not unchanged.update(**written):
            return False
        revoke_session_token(job)
        if not live_jobs(workspace_id=job.workspace_id).exists():
            workspaces.note_jobs_ended(workspace_id=job.workspace_id, now=now)
    return True


def _ending(job: Job, now: datetime, written: Mapping[str, object]) -> dict[str, object]:
    end, start = written.get("datetime_end") or now, written.get("datetime_start") or job.datetime_start
    ending: dict[str, object] = {"datetime_end": end, "endpoint": ""}
    if isinstance(start, datetime) and isinstance(end, datetime):
        ending["core_hours"] = used_core_hours(
            cpus=job.cpus, start=start, end=end, started=str(written.get("start_mark", job.start_mark)), now=now
        )
    return ending


def stop_all(*, owner: User, now: datetime) -> int:
    """Stop whatever of a person's runs or waits; return how many jobs that were."""
    running = [job for job in Job.objects.filter(owner=owner, status__in=LIVE) if job.status in STOPPABLE]
    for job in running:
        with suppress(InvalidRequest):  # ended by itself in this moment
            stop_job(job=job, now=now)
    return len(running)


def delete_workspace(*, owner: User, workspace_id: int, force: bool, now: datetime) -> None:
    """Queue a workspace for deletion; with `force` its jobs are stopped first, and it follows them."""
    with transaction.atomic():
        workspace = workspaces.lock_workspace(owner=owner, workspace_id=workspace_id)
        if workspace.status == WorkspaceStatus.DELETING:
            return
        running = list(live_jobs(workspace_id=workspace_id))
        if running and not force:
            raise InvalidRequest("Cannot delete workspace, jobs are running for this workspace.")
        for job in running:
            if job.status in STOPPABLE:
                stop_job(job=job, now=now)
        workspaces.queue_deletion(workspace_id=workspace_id, now=now)
