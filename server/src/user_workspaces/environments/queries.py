"""Queries for prepared environments."""

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
"""Until the controller checks a preparation again; see `leases.due`."""


def prepared_in(workspace_id: int) -> PreparedEnvironment | None:
    """Return the preparation of a workspace; None if none was requested."""
    return PreparedEnvironment.objects.filter(workspace_id=workspace_id).first()


def due_preparations(*, now: datetime, limit: int) -> list[PreparedEnvironment]:
    """Return the due preparations, for the controller."""
    found = PreparedEnvironment.objects.filter(due(now=now, longest=LONGEST_WAIT))
    return list(found.order_by("next_check_at", "workspace_id")[:limit])


def is_referred_to(fingerprint: str) -> bool:
    """Return True if a workspace uses or waits for a prepared environment."""
    return PreparedEnvironment.objects.filter(Q(fingerprint=fingerprint) | Q(layer=fingerprint)).exists()


def layer_of(row: PreparedEnvironment) -> Layer:
    """Return the environment of a preparation."""
    requirements = tuple(text for _, text in row.requirements)
    return Layer(Interpreter(Path(row.interpreter), row.python), requirements, row.is_complete)


def layers_for(*, workspace_id: int, base: Base) -> tuple[Path, ...]:
    """Return the prepared environments that a job on this base uses: complete ones for the same interpreter."""
    row = prepared_in(workspace_id)
    if row is None or not row.layer or not store().is_ready(row.layer):
        return ()
    try:
        is_same = str(interpreter_of(base).path) == row.layer_interpreter
    except InvalidRequest:
        return ()
    return (store().path_of(row.layer),) if is_same else ()


def is_preparing(row: PreparedEnvironment | None) -> bool:
    """Return True while the environment is being prepared."""
    return row is not None and row.status == PreparationStatus.PREPARING
