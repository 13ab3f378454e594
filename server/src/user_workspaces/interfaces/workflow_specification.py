"""What a person wants to run: the content of a `reana.yaml`, read and found right, as frozen values."""

import json
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
"""What JSON can say."""


@dataclass(frozen=True, slots=True)
class FilesAndDirectories:
    """Paths relative to the workspace of the run."""

    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpecifiedStep:
    """One step of a serial workflow, as it is written: `${parameter}` still stands in the commands."""

    environment: str
    commands: tuple[str, ...]
    name: str = ""
    compute_backend: str = ""
    kubernetes_memory_limit: str = ""
    kubernetes_cpu_request: str = ""
    kubernetes_cpu_limit: str = ""
    kubernetes_job_timeout: int | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Files that match the pattern may be removed so many days after the end of the run."""

    pattern: str
    days: int


@dataclass(frozen=True, slots=True)
class Specification:
    """A whole specification; only what has no error becomes one."""

    workflow_type: str
    """The engine's name: `serial`, `snakemake`, `cwl`, `yadage` or one that a plug-in brings."""
    source: str
    """All of it as JSON text, with what no field here holds; equal texts are equal specifications."""
    version: str = ""
    inputs: FilesAndDirectories = FilesAndDirectories()
    outputs: FilesAndDirectories = FilesAndDirectories()
    tests: tuple[str, ...] = ()
    workflow_file: str = ""
    steps: tuple[SpecifiedStep, ...] = ()
    """Those of a serial workflow; empty for other engines, which read `document()`."""
    retention: tuple[RetentionRule, ...] = ()
    root_path: str = ""

    def document(self) -> dict[str, Json]:
        """Return the whole specification as JSON values, the caller's own copy."""
        loaded: dict[str, Json] = json.loads(self.source)
        return loaded

    def parameters(self) -> dict[str, Json]:
        """Return what `inputs.parameters` says: each name with its default."""
        return self._inputs("parameters")

    def options(self) -> dict[str, Json]:
        """Return what `inputs.options` says: the operational options of the engine."""
        return self._inputs("options")

    def _inputs(self, key: str) -> dict[str, Json]:
        inputs = self.document().get("inputs")
        found = inputs.get(key) if isinstance(inputs, dict) else None
        return found if isinstance(found, dict) else {}
