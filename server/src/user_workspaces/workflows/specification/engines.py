"""Which types of workflow run here: decided when a run is created, not when it starts."""

from collections.abc import Collection

from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.specification.problems import shown

KNOWN = ("serial", "snakemake", "cwl", "yadage")
"""The types that REANA knows."""


def require_engine(workflow_type: str, *, available: Collection[str]) -> None:
    """Return when one of the available engines runs this type; raises `InvalidRequest`, which names them."""
    if workflow_type in available:
        return
    here = f"It runs {_listed(available)}" if available else "It runs no workflows at all"
    what = (
        f"{workflow_type} workflows are" if workflow_type in KNOWN else f"The workflow type {shown(workflow_type)} is"
    )
    raise InvalidRequest(f"{what} not supported on this server. {here}.")


def require_engine_of(document: object, *, available: Collection[str]) -> None:
    """Do the same for the type that a document names, whatever else is wrong with it; one without a type passes."""
    workflow = document.get("workflow") if isinstance(document, dict) else None
    named = workflow.get("type") if isinstance(workflow, dict) else None
    if isinstance(named, str) and named.strip():
        require_engine(named, available=available)


def _listed(names: Collection[str]) -> str:
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}" if others else last
