"""Prepares environments: changes of their rows, and builds in the environment store."""

import shutil
from datetime import datetime, timedelta

from django.db import transaction

from user_workspaces.db import leases
from user_workspaces.environments.bases import required_base_of
from user_workspaces.environments.discovery import Contents, builder_of, read_contents, specification_of
from user_workspaces.environments.failures import reason_of
from user_workspaces.environments.layers import PREFIX, Layer, interpreter_of, recipe_of, store, write_requirements
from user_workspaces.environments.models import Builder, PreparationStatus, PreparedEnvironment
from user_workspaces.environments.packages import packages_in_base
from user_workspaces.environments.queries import layer_of
from user_workspaces.errors import DiskFull
from user_workspaces.interfaces.values import Preparation, PreparationState
from user_workspaces.workspaces.actions import lock_workspace
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import usable_home

CHECK_INTERVAL = timedelta(seconds=0.5)
BUSY_INTERVAL = timedelta(seconds=2)
MAX_BUILDS = 2
MIN_FREE_BYTES = 512 << 20
"""On the server's disk; below that no build is started."""
MAX_MESSAGE = 1_000
READY_MESSAGE = "Ready: the next launch uses it."


def prepare(*, workspace: Workspace, file: str, now: datetime) -> PreparedEnvironment:
    """Request an environment from a specification; one with the same content is ready at once.

    Returns without waiting: the controller builds it, or starts a job of the user that does. Until it is ready,
    launches use the previous one. Raises `NotFound` without the file, and `InvalidRequest` for an invalid one.
    """
    usable_home(workspace)
    contents = read_contents(workspace, file)
    builder = builder_of(contents)
    if builder is not Builder.SERVER:
        name = f"{builder.value}-{contents.digest[:20]}"
        return _request(workspace, contents, {"builder": builder, "fingerprint": name, "requirements": []}, now=now)
    base = required_base_of(workspace)
    interpreter = interpreter_of(base)
    present = [(one.name, one.version) for one in packages_in_base(base) if one.is_of_index]
    read = specification_of(contents, python=interpreter.version, present=present)
    layer = Layer(interpreter, tuple(one.text for one in read.requirements), read.is_complete)
    if not store().is_ready(layer.fingerprint):
        _forget_failure(layer)
    wanted: dict[str, object] = {
        "builder": builder,
        "requirements": [[one.location, one.text] for one in read.requirements],
        "is_complete": read.is_complete,
        "interpreter": str(interpreter.path),
        "python": interpreter.version,
        "fingerprint": layer.fingerprint,
    }
    row = _request(workspace, contents, wanted, now=now)
    if store().is_ready(layer.fingerprint):  # after the row: without one it could be removed
        finish(row, now=now)
    return row


def _request(
    workspace: Workspace, contents: Contents, wanted: dict[str, object], *, now: datetime
) -> PreparedEnvironment:
    """Write the request to the database, for the controller."""
    with transaction.atomic():
        # A concurrent deletion of the workspace comes before, or removes this row as well.
        lock_workspace(owner=workspace.owner, workspace_id=workspace.pk)
        row, _ = PreparedEnvironment.objects.update_or_create(
            workspace_id=workspace.pk,
            defaults={
                "file": contents.file,
                "digest": contents.digest,
                "job_id": None,
                "status": PreparationStatus.PREPARING,
                "message": "Waiting for the builder.",
                "datetime_requested": now,
                "datetime_ended": None,
                # The new due time ends the lease on an earlier request, whose holder then cannot record its result.
                "next_check_at": now,
                "lease_until": None,
                **wanted,
            },
        )
    return row


def _forget_failure(layer: Layer) -> None:
    """Delete the record of a failed build, so that the controller builds at once.

    The request itself writes no files: the controller also writes the requirements.
    """
    try:
        store().forget_failure(layer.fingerprint)
    except OSError:
        raise DiskFull("The server's disk cannot be written to.") from None


def claim(row: PreparedEnvironment, *, now: datetime) -> bool:
    """Acquire the lease on a due row; False if another controller was first, or the request has changed."""
    same = PreparedEnvironment.objects.filter(fingerprint=row.fingerprint, status=row.status)
    until = now + leases.lease_length() / 2  # the build is a process of its own: only starting it has to fit
    return leases.claim(same, row, until=until)


def advance(row: PreparedEnvironment, *, now: datetime) -> None:
    """Start the build or check its progress, and record the state."""
    layer = layer_of(row)
    if _is_busy(row):
        _unchanged(row, next_check_at=now + BUSY_INTERVAL, message="Waiting for other environments to be prepared.")
        return
    try:
        preparation = _prepared(layer)
    except OSError:
        # The text of ENOSPC, by which `reason_of` recognizes a full disk.
        preparation = Preparation(PreparationState.FAILED, "No space left on device")
    match preparation.state:
        case PreparationState.READY:
            finish(row, now=now)
        case PreparationState.FAILED:
            _fail(row, preparation.message, now=now)
        case PreparationState.IN_PROGRESS:
            status = store().status(row.fingerprint)
            step = status.message if status and not status.failed else "nearly done"
            _unchanged(row, next_check_at=now + CHECK_INTERVAL, message=f"{step[:1].upper()}{step[1:]}.")


def _prepared(layer: Layer) -> Preparation:
    """Start a build or check its state; raises `OSError`."""
    write_requirements(layer)
    if not store().is_building(layer.fingerprint) and shutil.disk_usage(store().folder).free < MIN_FREE_BYTES:
        return Preparation(PreparationState.FAILED, "No space left on device")
    return store().prepare(recipe_of(layer))


def _is_busy(row: PreparedEnvironment) -> bool:
    """Return True if the limit of builds is reached, including builds whose rows are gone."""
    if store().is_building(row.fingerprint) or store().is_ready(row.fingerprint):
        return False
    started = (path.stem for path in store().folder.glob(f"{PREFIX}*.status"))
    return sum(store().is_building(name) for name in started) >= MAX_BUILDS


def finish(row: PreparedEnvironment, *, now: datetime) -> None:
    """Record that the environment is ready, so that the next launch uses it."""
    is_written = _unchanged(
        row,
        status=PreparationStatus.READY,
        message=READY_MESSAGE,
        layer=row.fingerprint,
        layer_file=row.file,
        layer_interpreter=row.interpreter,
        datetime_ended=now,
        next_check_at=None,
    )
    if is_written:  # else the workspace was reset, and there may be no row
        row.refresh_from_db()


def note_job(row: PreparedEnvironment, *, job_id: int, now: datetime) -> bool:
    """Record the user's job that builds; False if the request has changed in the meantime."""
    return _unchanged(
        row,
        job_id=job_id,
        message=f"Job {job_id} is building it in this workspace, as you.",
        next_check_at=now + CHECK_INTERVAL,
    )


def wait_for_job(row: PreparedEnvironment, *, now: datetime) -> None:
    """Schedule the next check of a job that has not ended."""
    _unchanged(row, next_check_at=now + CHECK_INTERVAL)


def finish_job(row: PreparedEnvironment, *, problem: str, now: datetime) -> None:
    """Record the end of the user's job; without a problem, launches find its environment in the workspace."""
    _unchanged(
        row,
        status=PreparationStatus.FAILED if problem else PreparationStatus.READY,
        message=problem[:MAX_MESSAGE] or READY_MESSAGE,
        datetime_ended=now,
        next_check_at=None,
    )


def _fail(row: PreparedEnvironment, said: str, *, now: datetime) -> None:
    status = store().status(row.fingerprint)
    message = reason_of(
        store().log(row.fingerprint) if status and status.failed else "",
        said=status.message if status and status.failed else said,
        file=row.file,
        wanted=row.requirements,
        python=row.python,
    )
    _unchanged(row, status=PreparationStatus.FAILED, message=message, datetime_ended=now, next_check_at=None)


def _unchanged(row: PreparedEnvironment, **fields: object) -> bool:
    """Update the row unless the request has changed in the meantime; return True if it was updated."""
    same = PreparedEnvironment.objects.filter(
        pk=row.pk, fingerprint=row.fingerprint, status=row.status, next_check_at=row.next_check_at
    )
    return bool(same.update(**fields))


def forget(*, workspace_id: int) -> None:
    """Delete the preparation, so that launches use the base alone."""
    PreparedEnvironment.objects.filter(workspace_id=workspace_id).delete()
