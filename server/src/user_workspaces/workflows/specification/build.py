"""Build the frozen `Specification` from a valid document."""

from collections.abc import Mapping
from typing import Any

from user_workspaces.interfaces.workflow_specification import (
    FilesAndDirectories,
    RetentionRule,
    Specification,
    SpecifiedStep,
)


def build(document: Mapping[str, Any], *, source: str) -> Specification:
    """Return the specification. The document must be valid: the types of its parts are not checked again."""
    workflow, workspace = document["workflow"], document.get("workspace", {})
    serial = workflow["type"] == "serial"
    return Specification(
        workflow_type=workflow["type"],
        source=source,
        version=document.get("version", ""),
        inputs=_paths(document.get("inputs", {})),
        outputs=_paths(document.get("outputs", {})),
        tests=tuple(document.get("tests", {}).get("files", [])),
        workflow_file=workflow.get("file", ""),
        steps=tuple(_step(step) for step in workflow["specification"]["steps"]) if serial else (),
        retention=tuple(
            RetentionRule(pattern, int(days)) for pattern, days in workspace.get("retention_days", {}).items()
        ),
        root_path=workspace.get("root_path", ""),
    )


def _paths(part: Mapping[str, Any]) -> FilesAndDirectories:
    return FilesAndDirectories(tuple(part.get("files", [])), tuple(part.get("directories", [])))


def _step(step: Mapping[str, Any]) -> SpecifiedStep:
    timeout = step.get("kubernetes_job_timeout")
    return SpecifiedStep(
        environment=step["environment"],
        commands=tuple(step["commands"]),
        name=step.get("name", ""),
        compute_backend=step.get("compute_backend", ""),
        kubernetes_memory_limit=step.get("kubernetes_memory_limit", ""),
        kubernetes_cpu_request=step.get("kubernetes_cpu_request", ""),
        kubernetes_cpu_limit=step.get("kubernetes_cpu_limit", ""),
        kubernetes_job_timeout=None if timeout is None else int(timeout),
    )
