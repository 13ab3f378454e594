"""Reading what was prepared."""

from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import Q

from user_workspaces.db.leases import due
from user_workspaces.environment_store.interpreter import Interpreter
from user_workspaces.environments.layers import Layer, interpreter_of, store
from user_workspaces.environments.models import PreparationStatus, PreparedEnvironment
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import Base

LONGEST_WAIT = timedelta(minutes=1)
"""Until the controller looks again at what is being prepared; see `leasing.due`."""


def prepared_in(workspace_id: int) -> PreparedEnvironment | None:
    """Return what was asked for; None: nothing was."""
    return PreparedEnvironment.objects.filter(workspace_id=workspace_id).first()


def due_preparations(*, now: datetime, limit: int) -> list[PreparedEnvironment]:
    """Return those that the controller has to look at."""
    found = PreparedEnvironment.objects.filter(due(now=now, longest=LONGEST_WAIT))
    return list(found.order_by("next_check_at", "workspace_id")[:limit])


def is_referred_to(fingerprint: str) -> bool:
    """Return whether a workspace uses a prepared environment, or waits for it."""
    return PreparedEnvironment.objects.filter(Q(fingerprint=fingerprint) | Q(layer=fingerprint)).exists()


def layer_of(row: PreparedEnvironment) -> Layer:
    """Return what is to be built."""
    requirements = tuple(text for _, text in row.requirements)
    return Layer(Interpreter(Path(row.interpreter), row.python), requirements, row.is_complete)


def layers_for(*, workspace_id: int, base: Base) -> tuple[Path, ...]:
    """Return the prepared environments that a job on this base uses: whole ones for the same Python."""
    row = prepared_in(workspace_id)
    if row is None or not row.layer or not store().is_ready(row.layer):
        return ()
    try:
        is_same = str(interpreter_of(base).path) == row.layer_interpreter
    except InvalidRequest:
        return ()
    return (store().path_of(row.layer),) if is_same else ()


def is_preparing(row: PreparedEnvironment | None) -> bool:
    """Return whether it is being prepared now."""
    return row is not None and row.status == PreparationStatus.PREPARING
