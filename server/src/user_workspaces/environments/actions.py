"""What is done with prepared environments. Rows are written here; files of a workspace through its storage."""

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

LOOK_AGAIN = timedelta(seconds=0.5)
LOOK_LATER = timedelta(seconds=2)
MOST_AT_ONCE = 2
LEAST_FREE = 512 << 20
"""Bytes on the disk of the server, below which nothing is prepared any more."""
LONGEST_MESSAGE = 1_000
READY_MESSAGE = "Ready: the next launch uses it."


def prepare(*, workspace: Workspace, file: str, now: datetime) -> PreparedEnvironment:
    """Have an environment prepared from a specification; one of the same content is ready at once.

    Returns at once: the controller builds, or starts a job of the user's that does. Until it is ready, launches keep
    using the previous one. Raises `NotFound` without the file, and `InvalidRequest` with what is wrong with it.
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
        "requirements": [[one.path_of, one.text] for one in read.requirements],
        "is_complete": read.is_complete,
        "interpreter": str(interpreter.path),
        "python": interpreter.version,
        "fingerprint": layer.fingerprint,
    }
    row = _request(workspace, contents, wanted, now=now)
    if store().is_ready(layer.fingerprint):  # not before: without the row it could be removed in this moment
        finish(row, now=now)
    return row


def _request(
    workspace: Workspace, contents: Contents, wanted: dict[str, object], *, now: datetime
) -> PreparedEnvironment:
    """Write down what is wanted, for the controller."""
    with transaction.atomic():
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
                "next_check_at": now,
                "lease_until": None,
                **wanted,
            },
        )
    return row


def _forget_failure(layer: Layer) -> None:
    """Let the controller build at once.

    The controller writes the requirements, too: a request leaves nothing on the server's disk.
    """
    try:
        store().forget_failure(layer.fingerprint)
    except OSError:
        raise DiskFull("The server's disk cannot be written to.") from None


def claim(row: PreparedEnvironment, *, now: datetime) -> bool:
    """Take the lease on a due row; False: another controller was first, or it was asked for anew."""
    same = PreparedEnvironment.objects.filter(fingerprint=row.fingerprint, status=row.status)
    until = now + leases.lease_length() / 2  # the build is a process of its own: only starting it has to fit
    return leases.claim(same, row, until=until)


def advance(row: PreparedEnvironment, *, now: datetime) -> None:
    """Start the build, or look how far it is, and write that down."""
    layer = layer_of(row)
    if _is_busy(row):
        _unchanged(row, next_check_at=now + LOOK_LATER, message="Waiting for other environments to be prepared.")
        return
    try:
        preparation = _prepared(layer)
    except OSError:
        preparation = Preparation(PreparationState.FAILED, "No space left on device")
    match preparation.state:
        case PreparationState.READY:
            finish(row, now=now)
        case PreparationState.FAILED:
            _fail(row, preparation.message, now=now)
        case PreparationState.IN_PROGRESS:
            status = store().status(row.fingerprint)
            step = status.message if status and not status.failed else "nearly done"
            _unchanged(row, next_check_at=now + LOOK_AGAIN, message=f"{step[:1].upper()}{step[1:]}.")


def _prepared(layer: Layer) -> Preparation:
    """Start a build or look at it; raises `OSError`."""
    write_requirements(layer)
    if not store().is_building(layer.fingerprint) and shutil.disk_usage(store().folder).free < LEAST_FREE:
        return Preparation(PreparationState.FAILED, "No space left on device")
    return store().prepare(recipe_of(layer))


def _is_busy(row: PreparedEnvironment) -> bool:
    """Return whether as many environments are being built as may be at once, also those that no row names any more."""
    if store().is_building(row.fingerprint) or store().is_ready(row.fingerprint):
        return False
    started = (path.stem for path in store().folder.glob(f"{PREFIX}*.status"))
    return sum(store().is_building(name) for name in started) >= MOST_AT_ONCE


def finish(row: PreparedEnvironment, *, now: datetime) -> None:
    """Have the next launch use it."""
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
    if is_written:  # else the workspace may have been reset, and there is no row
        row.refresh_from_db()


def note_job(row: PreparedEnvironment, *, job_id: int, now: datetime) -> bool:
    """Note the user's job that builds; False: something else was asked for meanwhile."""
    return _unchanged(
        row, job_id=job_id, message=f"Job {job_id} makes it in this workspace, as you.", next_check_at=now + LOOK_AGAIN
    )


def wait_for_job(row: PreparedEnvironment, *, now: datetime) -> None:
    """Have the controller look again at a job that has not ended."""
    _unchanged(row, next_check_at=now + LOOK_AGAIN)


def finish_job(row: PreparedEnvironment, *, problem: str, now: datetime) -> None:
    """Note how the user's job ended; without a problem it has made what launches find in the workspace."""
    _unchanged(
        row,
        status=PreparationStatus.FAILED if problem else PreparationStatus.READY,
        message=problem[:LONGEST_MESSAGE] or READY_MESSAGE,
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
    """Write, if nothing else was asked for meanwhile."""
    same = PreparedEnvironment.objects.filter(
        pk=row.pk, fingerprint=row.fingerprint, status=row.status, next_check_at=row.next_check_at
    )
    return bool(same.update(**fields))


def forget(*, workspace_id: int) -> None:
    """Have launches use the base without anything prepared."""
    PreparedEnvironment.objects.filter(workspace_id=workspace_id).delete()
