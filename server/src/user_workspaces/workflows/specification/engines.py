"""Which types of workflow run here: decided when a run is created, not when it starts."""

from collections.abc import Collection

from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.specification.rules.engines import type_in, why_not_supported


def require_engine(workflow_type: str, *, available: Collection[str]) -> None:
    """Return when one of the available engines runs this type; raises `InvalidRequest`, which names them."""
    if reason := why_not_supported(workflow_type, available):
        raise InvalidRequest(reason)


def require_engine_of(document: object, *, available: Collection[str]) -> None:
    """Do the same for the type that a document names, whatever else is wrong with it; one without a type passes."""
    if named := type_in(document):
        require_engine(named, available=available)
