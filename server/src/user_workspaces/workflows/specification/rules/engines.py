"""The workflow types that a server supports. An unsupported one is reported first: other fixes would not help."""

from collections.abc import Collection

from .problems import quoted
from .values import Json

KNOWN = ("serial", "snakemake", "cwl", "yadage")
"""The types that REANA knows."""


def why_not_supported(workflow_type: str, available: Collection[str]) -> str:
    """Return why a workflow type is not supported; empty if it is available."""
    if workflow_type in available:
        return ""
    here = f"It runs {listed(available)}" if available else "It runs no workflows at all"
    what = (
        f"{workflow_type} workflows are" if workflow_type in KNOWN else f"The workflow type {quoted(workflow_type)} is"
    )
    return f"{what} not supported on this server. {here}."


def type_in(document: object) -> str:
    """Return the workflow type of a document that may be invalid otherwise; empty if it has none."""
    workflow: Json = document.get("workflow") if isinstance(document, dict) else None
    named = workflow.get("type") if isinstance(workflow, dict) else None
    return named if isinstance(named, str) and named.strip() else ""


def listed(names: Collection[str]) -> str:
    """Return names as text: `a, b and c`."""
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}" if others else last
