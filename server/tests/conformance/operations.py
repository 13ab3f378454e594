"""What a client can do, in our own words: the tables are held against this list."""

import re
from collections.abc import Iterable

from conformance.patterns import NAMED
from conformance.rows import OPEN, Call, Row, Scenario, method_of, path_of

OPERATIONS = (
    "POST /tokens",
    "GET /workspaces",
    "GET /workspaces/{id}",
    "POST /workspaces",
    "PUT /workspaces/{id}",
    "PUT /workspaces/{id}/upload",
    "PUT /workspaces/{id}/start",
    "PUT /workspaces/{id}/{verb}",
    "DELETE /workspaces/{id}",
    "GET /jobs",
    "GET /jobs/{id}",
    "PUT /jobs/{id}/stop",
    "PUT /jobs/{id}/{verb}",
    "GET /job_types",
    "GET /parameters",
    "GET /users",
    "GET /shared_workspaces",
    "GET /shared_workspaces/{id}",
    "POST /shared_workspaces",
    "PUT /shared_workspaces/{id}/accept",
    "PUT /shared_workspaces/{id}/{verb}",
    "DELETE /shared_workspaces/{id}",
    "GET /status",
    "WS /jobs/{id}",
    "WS /jobs",
)
THROUGH_THE_PROXY = tuple(f"{method} /passthrough" for method in ("GET", "POST", "PUT", "DELETE", "WS"))
VERBS = {"upload", "start", "stop", "accept", "retry"}
OPEN_TO_ALL = {"POST /tokens", "GET /job_types", "GET /parameters", "GET /status"}
FILTERS = {
    "GET /workspaces": {"name", "description", "status", "limit", "offset"},
    "GET /jobs": {"workspace_id", "resource_job_id", "job_type", "status", "limit", "offset"},
    "GET /users": {"search", "limit", "offset"},
    "GET /shared_workspaces": {"is_accepted", "limit", "offset"},
    "DELETE /workspaces/{id}": {"force"},
}
SAYINGS = (
    "Successful authentication.",
    "Incorrect authentication credentials.",
    "Workspace matching given parameters could not be found.",
    "Missing required fields.",
    "Workspace details not JSON.",
    "'files' index must contain a list.",
    "'symlinks' index must contain a list.",
    "File name cannot contain double dots.",
    "Symlink name cannot contain double dots.",
    "conformance is not in the list of available job types.",
    "Symlink path not found: /etc/passwd",
    "Update successful.",
    "Workspace {id} not found for user.",
    "Workspace {copy} is a shared workspace and has not been accepted.",
    "Successful upload.",
    "No files found in request.",
    "Successful start.",
    "Missing job_type and no default job type set on workspace.",
    "Job details not JSON.",
    "Resource options not JSON.",
    "Invalid PUT type passed.",
    "Workspace {id} queued for deletion.",
    "Cannot delete workspace, jobs are running for this workspace.",
    "Job matching given parameters could not be found.",
    "Job queued to stop.",
    "This job is not running or pending.",
    "Job {job} not found for user.",
    "Users matching given parameters could not be found.",
    "Shared workspace matching given parameters could not be found.",
    "shared_user_ids is not a list.",
    "Invalid user id provided.",
    "Successful.",
    "Shared workspace {copy} not found.",
    "Shared workspace {copy} queued for deletion.",
    "Shared workspace {copy} has been accepted and cannot be deleted.",
)
"""Texts that clients read, word for word; those in patterns are left out."""


def operation_of(row: Row) -> str:
    """Return which operation a row is about: ids and unknown verbs are all the same."""
    steps = path_of(row).strip("/").split("/")
    if steps[0] == "passthrough":
        return f"{method_of(row)} /passthrough"
    told = [steps[0], *(_step(step, place) for place, step in enumerate(steps[1:], start=1))]
    return f"{method_of(row)} /{'/'.join(told)}"


def _step(step: str, place: int) -> str:
    if NAMED.fullmatch(step) or re.fullmatch(r"\d+", step):
        return "{id}"
    return step if step in VERBS or place == 1 else "{verb}"


def succeeded(scenarios: Iterable[Scenario]) -> set[tuple[str, bool]]:
    """Return the operations for which some row expects success, each with whether its path had a slash at the end."""
    return {
        (operation_of(row), path_of(row).endswith("/"))
        for one in scenarios
        for row in one.rows
        if isinstance(row, Call) and row.status in {200, OPEN}
    }


def refused(scenarios: Iterable[Scenario], status: int) -> set[str]:
    """Return the operations for which some row expects this refusal and no other."""
    return {
        operation_of(row) for one in scenarios for row in one.rows if isinstance(row, Call) and row.status == status
    }
