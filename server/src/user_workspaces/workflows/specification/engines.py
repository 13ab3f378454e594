"""Check that the type of a workflow is supported, when a run is created and not only when it starts."""

from collections.abc import Collection

from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.specification.rules.engines import type_in, why_not_supported


def require_engine(workflow_type: str, *, available: Collection[str]) -> None:
    """Raise `InvalidRequest` with the available engines if none of them runs this type."""
    if reason := why_not_supported(workflow_type, available):
        raise InvalidRequest(reason)


def require_engine_of(document: object, *, available: Collection[str]) -> None:
    """Do the same for the type of a document that may be invalid otherwise; a document without a type passes."""
    if named := type_in(document):
        require_engine(named, available=available)
