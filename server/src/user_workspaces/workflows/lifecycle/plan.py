"""Make the plan for the runner: the engine's steps with their command lines in containers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from user_workspaces import registry
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.container_runtime import ContainerRuntime, RunLocations, StepNeeds
from user_workspaces.interfaces.workflow_engine import Plan, WorkflowEngine
from user_workspaces.interfaces.workflow_specification import Json, Specification
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.patterns import patterns_of
from user_workspaces.workflows.specification import build, read_json, require_engine, require_engine_of
from user_workspaces.workflows.storage.locations import secrets_below
from user_workspaces.workspaces.queries import Home

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class RunSecrets:
    """The secrets of a user, as steps receive them."""

    variables: dict[str, str]
    files: dict[str, bytes]
    left_out: tuple[str, ...] = ()
    """The names of variables that were stored before they were reserved."""

    @property
    def warning(self) -> str:
        """The warning in the log of a run about omitted secrets; empty if there are none."""
        if not self.left_out:
            return ""
        names = ", ".join(self.left_out)
        return f"Commands do not receive the secrets {names}: these names are reserved. Store them under other names."


def accept(document: object) -> Specification:
    """Return the specification; raises `InvalidRequest` if it is invalid or its engine is not available.

    The engine is checked first, so that users do not correct a document that cannot run on this server.
    """
    require_engine_of(document, available=engine_names())
    specification = read_json(document).required()
    patterns_of(rule.pattern for rule in specification.retention)
    return specification


def engine_names() -> list[str]:
    """Return the available workflow types."""
    return [name for name, _ in _engines().items()]


def specification_of(run: Run) -> Specification:
    """Return the specification of a run, which was checked when the run was created."""
    return build(json.loads(run.specification), source=run.specification)


def plan_of(
    specification: Specification, *, parameters: Mapping[str, Json], options: Mapping[str, Json], resource: str
) -> Plan:
    """Return the engine's plan; raises `InvalidRequest` for wrong parameters, options or environments."""
    require_engine(specification.workflow_type, available=engine_names())
    engine = _engines().get(specification.workflow_type)
    plan = engine.plan(specification, parameters=parameters, options=options)
    runtime = runtime_on(resource)
    for step in plan.steps:
        runtime.check_environment(step.environment)
    return plan


def runtime_on(resource: str) -> ContainerRuntime:
    """Return the container runtime of a resource; raises `InvalidRequest` for an unknown resource."""
    known = registry.site().resources.get(resource)
    if known is None:
        raise InvalidRequest(f"{resource} is not in the list of available resources.")
    return registry.current().container_runtimes.get(known.container_runtime)


def resource_of_runs() -> str:
    """Return the default resource of runs."""
    site = registry.site()
    return site.workflows.resource or site.main_resource


def ignores_images(resource: str) -> bool:
    """Return whether commands on a resource run in an environment of the server instead of their images."""
    known = registry.site().resources.get(resource)
    return known is not None and not registry.current().container_runtimes.get(known.container_runtime).uses_images


def written_plan(
    run: Run, plan: Plan, *, state: Home, workspace: Home, secrets: RunSecrets, environment_name: str
) -> dict[str, object]:
    """Return the content of the plan's file; for `environment_name` see `RunEnvironment.name`."""
    runtime, account = runtime_on(run.resource), state.location.account
    secret_files = state.storage.locate(secrets_below(state)) / "files"
    locations = RunLocations(
        uid=account.uid,
        gid=account.gid,
        workspace=str(workspace.storage.locate(workspace.location)),
        secret_files=str(secret_files) if secrets.files else "",
        variables=tuple(sorted(secrets.variables)),
    )
    written: dict[str, object] = json.loads(plan.to_json())
    steps = [
        {
            "name": step.name,
            "environment": step.environment,
            "commands": list(step.commands),
            "compute_backend": step.compute_backend or run.resource,
            "time_limit_seconds": step.time_limit_seconds,
            "argv": list(runtime.argv(StepNeeds(step.environment, step.memory_bytes, step.cpus), locations)),
        }
        for step in plan.steps
    ]
    warning = " ".join(text for text in (runtime.warning, secrets.warning) if text)
    return {
        **written,
        "steps": steps,
        "runtime": {**runtime.runtime(), "warning": warning},
        "restart": run.minor,
        "environment_name": environment_name,
    }


def peak_memory_mb(plan: Plan) -> int | None:
    """Return the memory request of the largest step; None if no step has one."""
    asked = [step.memory_bytes for step in plan.steps if step.memory_bytes is not None]
    return -(-max(asked) // MEGABYTE) if asked else None


def _engines() -> registry.Instances[WorkflowEngine]:
    return registry.current().workflow_engines
