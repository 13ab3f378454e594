"""A validated workflow specification (`reana.yaml`) as frozen values."""

import json
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
"""Any JSON value."""


@dataclass(frozen=True, slots=True)
class FilesAndDirectories:
    """Paths relative to the workspace of the run."""

    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpecifiedStep:
    """One step of a serial workflow as written; its commands still contain `${parameter}`."""

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
    """Files that match `pattern` may be removed `days` days after the end of the run."""

    pattern: str
    days: int


@dataclass(frozen=True, slots=True)
class Specification:
    """A complete and valid specification."""

    workflow_type: str
    """The engine's name: `serial`, `snakemake`, `cwl`, `yadage`, or that of a plug-in."""
    source: str
    """The complete specification as JSON text, with all its parts; equal texts are equal specifications."""
    version: str = ""
    inputs: FilesAndDirectories = FilesAndDirectories()
    outputs: FilesAndDirectories = FilesAndDirectories()
    tests: tuple[str, ...] = ()
    workflow_file: str = ""
    steps: tuple[SpecifiedStep, ...] = ()
    """The steps of a serial workflow; empty for other engines, which read `document()`."""
    retention: tuple[RetentionRule, ...] = ()
    root_path: str = ""

    def document(self) -> dict[str, Json]:
        """Return the complete specification as JSON values, a new copy for each call."""
        loaded: dict[str, Json] = json.loads(self.source)
        return loaded

    def parameters(self) -> dict[str, Json]:
        """Return `inputs.parameters`: names and defaults."""
        return self._inputs("parameters")

    def options(self) -> dict[str, Json]:
        """Return `inputs.options`: the operational options of the engine."""
        return self._inputs("options")

    def _inputs(self, key: str) -> dict[str, Json]:
        inputs = self.document().get("inputs")
        found = inputs.get(key) if isinstance(inputs, dict) else None
        return found if isinstance(found, dict) else {}
