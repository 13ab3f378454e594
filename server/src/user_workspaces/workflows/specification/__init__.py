"""Read a `reana.yaml` from text or JSON as a `Specification`, with the positions of its problems. No I/O."""

from user_workspaces.workflows.specification.build import build
from user_workspaces.workflows.specification.engines import require_engine, require_engine_of
from user_workspaces.workflows.specification.reading import Reading, read_json, read_yaml
from user_workspaces.workflows.specification.rules import Problem, Severity

__all__ = ["Problem", "Reading", "Severity", "build", "read_json", "read_yaml", "require_engine", "require_engine_of"]
