"""Access the state of a run in its storage: plan, journal and logs. It is outside the workspace."""

import json
from contextlib import suppress
from dataclasses import replace

from user_workspaces import registry
from user_workspaces.accounts.actions import system_account
from user_workspaces.errors import PathNotFound, StorageError, UserWorkspacesError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage import journal
from user_workspaces.workspaces.queries import Home

STATE_OF_RUNS = ".runs"
"""A folder in the user's directory, beside their workspaces."""
PLAN, JOURNAL, SECRETS = "plan.json", "journal.jsonl", "secrets"
LONGEST_LOG = 1 << 20
"""Bytes at the end of a command's log that are shown."""


def state_of(run: Run) -> Home:
    """Return the location of a run's state; raises `StorageError`, and what `system_account` raises."""
    site = registry.site().storages.get(run.storage)
    if site is None:
        raise StorageError("The storage of this run is no longer configured. Contact your administrator.")
    account = system_account(user=run.owner, user_authentication=site.user_authentication)
    directory = f"{run.owner.username}/{STATE_OF_RUNS}/{run.pk}"
    return Home(registry.current().storages.get(run.storage), WorkspaceLocation(directory, account))


def secrets_below(state: Home) -> WorkspaceLocation:
    """Return the location of the secrets, which exist only while the run is live."""
    return replace(state.location, directory=f"{state.location.directory}/{SECRETS}")


def write_plan(state: Home, plan: dict[str, object]) -> None:
    """Write the plan. A run that has a journal keeps its first plan."""
    state.storage.create(state.location)
    if not _has(state, JOURNAL):
        state.storage.write(state.location, PLAN, [json.dumps(plan).encode()])


def write_secrets(state: Home, *, variables: dict[str, str], files: dict[str, bytes]) -> None:
    """Write the secrets with access for the user only; they are removed when the run has ended."""
    location = secrets_below(state)
    state.storage.delete(location)  # secrets that were deleted since an earlier job must not stay
    if not variables and not files:
        return
    state.storage.create(location)  # sets the permissions before there is any secret in it
    state.storage.write(location, "environment.json", [json.dumps(variables).encode()])
    for name, content in files.items():
        state.storage.write(location, f"files/{name}", [content])


def remove_secrets(state: Home) -> None:
    """Remove the secrets, if they exist."""
    state.storage.delete(secrets_below(state))


def remove_state(run: Run) -> None:
    """Remove all state of a run, if it exists."""
    state = state_of(run)
    state.storage.delete(state.location)


def read_state(run: Run) -> journal.RunState:
    """Return the state by the journal; an empty state if it does not exist or cannot be read."""
    try:
        state = state_of(run)
        with state.storage.open(state.location, JOURNAL) as file:
            return journal.read(file.read(journal.MOST_BYTES))
    except (UserWorkspacesError, OSError):
        return journal.RunState()


def read_log(state: Home, uuid: str, *, longest: int = LONGEST_LOG) -> str:
    """Return the end of a command's log, also while it runs; empty if there is none."""
    try:
        with state.storage.open(state.location, f"logs/{uuid}.log") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - longest))
            text = file.read(longest).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    except (UserWorkspacesError, OSError):  # not readable for its owner, or not a file
        return ""
    return text if size <= longest else f"[... {size - longest} bytes omitted ...]\n{text}"


def _has(home: Home, path: str) -> bool:
    with suppress(PathNotFound):
        home.storage.stat(home.location, path)
        return True
    return False
