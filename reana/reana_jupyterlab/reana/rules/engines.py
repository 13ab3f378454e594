"""Which types of workflow run: said first, since nothing else in a document helps where its engine is missing."""

from collections.abc import Collection

from .problems import shown
from .values import Json

KNOWN = ("serial", "snakemake", "cwl", "yadage")
"""The types that REANA knows."""


def why_not_supported(workflow_type: str, available: Collection[str]) -> str:
    """Say why a type of workflow does not run where these do; empty: it does."""
    if workflow_type in available:
        return ""
    here = f"It runs {listed(available)}" if available else "It runs no workflows at all"
    what = (
        f"{workflow_type} workflows are" if workflow_type in KNOWN else f"The workflow type {shown(workflow_type)} is"
    )
    return f"{what} not supported on this server. {here}."


def type_in(document: object) -> str:
    """Return the type that a document names, whatever else is wrong with it; empty: it names none."""
    workflow: Json = document.get("workflow") if isinstance(document, dict) else None
    named = workflow.get("type") if isinstance(workflow, dict) else None
    return named if isinstance(named, str) and named.strip() else ""


def listed(names: Collection[str]) -> str:
    """Return names as they are read: `a, b and c`."""
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}" if others else last
