"""Create, start, restart, stop and delete runs. Only `change_status` writes the status of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import Conflict, InvalidRequest, NotAllowed, TooManyAtOnce
from user_workspaces.interfaces.workflow_specification import Json, Specification
from user_workspaces.jobs import resource_options
from user_workspaces.jobs.actions import delete_workspace, stop_job
from user_workspaces.jobs.status import STOPPABLE
from user_workspaces.workflows.lifecycle.plan import accept, plan_of, resource_of_runs, specification_of
from user_workspaces.workflows.lifecycle.retention import first_date
from user_workspaces.workflows.lifecycle.waiting_limit import check_new, reserve_new_slot, reserve_waiting_slot
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import runs_in
from user_workspaces.workflows.run_names import checked_name
from user_workspaces.workflows.status import GOING, TRANSITIONS, RunStatus
from user_workspaces.workspaces.actions import create_workspace
from user_workspaces.workspaces.details import Details
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import is_usable

MAX_RETRIES = 20
"""Attempts to get a run number that no concurrent request takes first."""


@dataclass(frozen=True, slots=True)
class Start:
    """The parameters of a start or restart."""

    parameters: Mapping[str, Json] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    specification: object = None
    """For a restart: replaces the specification; None keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A request to create a run with a workspace of its own."""

    owner: User
    name: str
    document: object
    """The specification, parsed from JSON."""
    resource_options: Mapping[str, object] = field(default_factory=dict)
    """As in a `LaunchRequest`."""
    origin: Mapping[str, object] = field(default_factory=dict)
    """The workspace that the files come from; see `Run.origin`."""


def create_run(request: RunRequest, *, now: datetime) -> Run:
    """Create a run and its workspace; raises `InvalidSpecification` and others before anything is created."""
    name, specification, options = checked_name(request.name), accept(request.document), dict(request.resource_options)
    where = resource_of_runs()
    if where not in registry.site().resources:
        raise InvalidRequest(f"{where} is not in the list of available resources.")
    resource_options.check_storable(options, label="Resource options")
    resource_options.validate(options, registry.site().parameters)
    check_new(request.owner.pk)
    # Not in one transaction with the run: the storage creates a folder, and SQLite would block other writers meanwhile.
    # If the process dies before the run is inserted, `orphans` deletes the workspace.
    workspace = _new_workspace(request.owner, name, now=now)
    row = Run(
        owner=request.owner,
        name=name,
        workspace=workspace,
        storage=workspace.storage,
        specification=specification.source,
        resource=where,
        resource_options=options,
        origin=dict(request.origin),
        datetime_created=now,
    )
    try:
        _save_numbered(row)
    except TooManyAtOnce:  # a concurrent request took the last place
        delete_workspace(owner=request.owner, workspace_id=workspace.pk, force=True, now=now)
        raise
    Workspace.objects.filter(pk=workspace.pk).update(name=row.full_name)
    return row


def _new_workspace(owner: User, name: str, *, now: datetime) -> Workspace:
    return create_workspace(
        owner=owner,
        name=name,
        description=f"The files of a run of the workflow {name}.",
        default_job_type="",
        details=Details(),
        now=now,
        holds_runs=True,
    )


def _save_numbered(row: Run) -> None:
    """Insert a run with the next number; the unique constraint makes concurrent requests try the next one."""
    same = Run.objects.filter(owner=row.owner, name=row.name)
    is_restart = row.major is not None
    # Deleted runs count as well, because their rows are kept: no number is used twice.
    for _ in range(MAX_RETRIES):
        if is_restart:
            row.minor = (same.filter(major=row.major).aggregate(last=Max("minor"))["last"] or 0) + 1
        else:
            row.major = (same.aggregate(last=Max("major"))["last"] or 0) + 1
        try:
            # A savepoint inside the transaction of a restart, which an IntegrityError would otherwise make unusable.
            with transaction.atomic():
                if not is_restart:
                    _hold_workspace(row)
                    reserve_new_slot(row.owner_id)
                row.save(force_insert=True)
        except IntegrityError:
            continue
        return
    raise Conflict("Too many runs with this name are being created. Please try again.")


def _hold_workspace(row: Run) -> None:
    """Lock the new workspace until the run is inserted; raises `Conflict` if it was deleted as an orphan meanwhile."""
    held = Workspace.objects.select_for_update(of=("self",)).filter(pk=row.workspace_id)
    if held.exclude(status=WorkspaceStatus.DELETING).first() is None:
        raise Conflict("Creating this run took too long and was cancelled. Please try again.")


def start_run(*, run: Run, start: Start, now: datetime) -> Run:
    """Queue a new run. Raises `NotAllowed` if it was started before, `InvalidRequest` for wrong parameters.

    Raises `TooManyAtOnce` if too many runs of its owner are queued.
    """
    if run.status != RunStatus.CREATED:
        raise NotAllowed(f"Workflow {run.full_name} is already {run.status} and cannot be started again.")
    _check(specification_of(run), start, resource=run.resource)
    fields = {"parameters": dict(start.parameters), "options": dict(start.options)}
    with transaction.atomic():
        list(
            Run.objects.select_for_update(of=("self",)).filter(pk=run.pk)
        )  # always before the account: one order of locks, no deadlock
        reserve_waiting_slot(run.owner_id)
        queued = change_status(run=run, new=RunStatus.QUEUED, now=now, datetime_queued=now, next_check_at=now, **fields)
    if not queued:
        run.refresh_from_db()
        return start_run(run=run, start=start, now=now)
    return run


def restart_run(*, run: Run, start: Start, now: datetime) -> Run:
    """Create and queue a run with the next minor number in the workspace of a run that has ended."""
    if run.status in GOING or run.status == RunStatus.DELETED or not is_usable_by_runs(run):
        raise NotAllowed(f"Workflow {run.full_name} is already {run.status} and cannot be restarted.")
    specification = specification_of(run) if start.specification is None else accept(start.specification)
    if specification.workflow_type != specification_of(run).workflow_type:
        raise InvalidRequest("A restart cannot change the type of the workflow.")
    _check(specification, start, resource=run.resource)
    row = Run(
        owner=run.owner,
        name=run.name,
        major=run.major,
        workspace_id=run.workspace_id,
        storage=run.storage,
        specification=specification.source,
        parameters=dict(start.parameters),
        options=dict(start.options),
        resource=run.resource,
        resource_options=run.resource_options,
        origin=run.origin,
        status=RunStatus.QUEUED,
        datetime_created=now,
        datetime_queued=now,
        next_check_at=now,
    )
    with transaction.atomic():
        list(Workspace.objects.select_for_update().filter(pk=run.workspace_id))  # a concurrent restart waits here
        if not is_usable_by_runs(run):  # deleted meanwhile
            raise NotAllowed(f"Workflow {run.full_name} is deleted and cannot be restarted.")
        if runs_in(workspace_id=run.workspace_id).filter(status__in=GOING).exists():
            raise NotAllowed(f"Workflow {run.name}.{run.major} is being run in this workspace already.")
        earlier = runs_in(workspace_id=run.workspace_id).filter(retention_since__isnull=False)
        # The restart uses the files of earlier runs: their retention rules must not delete them.
        earlier.update(retention_since=None, retain_at=None)
        reserve_waiting_slot(run.owner_id)
        _save_numbered(row)
    return row


def _check(specification: Specification, start: Start, *, resource: str) -> None:
    resource_options.check_storable(dict(start.parameters), label="Parameters")
    resource_options.check_storable(dict(start.options), label="Operational options")
    plan_of(specification, parameters=start.parameters, options=start.options, resource=resource)


def stop_run(*, run: Run, now: datetime) -> Run:
    """Stop a queued, pending or running run; raises `Conflict` for any other."""
    if run.status not in GOING:
        raise Conflict(f"Workflow {run.pk} is not running.")
    with transaction.atomic():
        # Read again under the lock: the controller may have started a job for the run in the meantime.
        held = Run.objects.select_for_update(of=("self",)).select_related("owner").get(pk=run.pk)
        if held.status not in GOING:
            raise Conflict(f"Workflow {run.pk} is not running.")
        if held.job is not None and held.job.status in STOPPABLE:
            stop_job(job=held.job, now=now)
        # The controller removes the secrets and stores the logs of a run that had a job.
        again = now if held.job is not None else None
        change_status(run=held, new=RunStatus.STOPPED, now=now, datetime_stopped=now, next_check_at=again)
    run.status, run.datetime_stopped = held.status, held.datetime_stopped
    return run


def delete_run(*, run: Run, now: datetime, all_runs: bool = False) -> None:
    """Delete a run with its workspace and the restarts in it; with `all_runs`, all runs of the same name.

    Raises `Conflict` if one of them has not ended.
    """
    named = Run.objects.filter(owner=run.owner, name=run.name).exclude(status=RunStatus.DELETED)
    same = named if all_runs else named.filter(major=run.major)
    with transaction.atomic():
        locations = set(same.values_list("workspace_id", flat=True))
        # All requests lock in one order: simultaneous deletions of the same runs cannot deadlock.
        held = Workspace.objects.select_for_update(of=("self",)).filter(pk__in=locations).order_by("pk")
        numbers = [one.pk for one in held]  # locked: no run can be restarted in them from here on
        to_delete = list(same)
        for one in to_delete:
            if one.status in GOING or not change_status(run=one, new=RunStatus.DELETED, now=now, next_check_at=now):
                raise Conflict(f"Workflow {one.full_name} has not ended. Stop it before you delete it.")
        for number in numbers:
            delete_workspace(owner=run.owner, workspace_id=number, force=True, now=now)
    run.status = RunStatus.DELETED


def change_status(*, run: Run, new: RunStatus, now: datetime, **fields: object) -> bool:
    """Change the status of a run, unless it was changed since `run` was read; return whether it was written."""
    old = RunStatus(run.status)
    if new is not old and new not in TRANSITIONS[old]:
        raise ValueError(f"a run cannot go from {old} to {new}")
    if new in {RunStatus.FINISHED, RunStatus.FAILED}:
        ended = fields.setdefault("datetime_finished", now)
        if run.job_id is not None and isinstance(ended, datetime):  # a run without a job has left no files
            fields |= {"retention_since": ended, "retain_at": first_date(run, since=ended)}
    if new is RunStatus.DELETED:
        fields["retain_at"] = None
    written = {**fields, "status": new}
    if not Run.objects.filter(pk=run.pk, status=old).update(**written):
        return False
    for name, value in written.items():
        setattr(run, name, value)
    return True


def is_usable_by_runs(run: Run) -> bool:
    """Return whether the workspace of a run can be used."""
    workspace = Workspace.objects.filter(pk=run.workspace_id).first()
    return workspace is not None and is_usable(workspace)
