"""Where a run's state is on a storage: the plan, the journal, the logs; beside the workspace, not in it."""

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
"""In the directory of a person, where their workspaces are."""
PLAN, JOURNAL, SECRETS = "plan.json", "journal.jsonl", "secrets"
LONGEST_LOG = 1 << 20
"""Bytes of the log of one command that are shown: its end."""


def state_of(run: Run) -> Home:
    """Return where the state of a run is; raises what `system_account` does."""
    site = registry.site().storages.get(run.storage)
    if site is None:
        raise StorageError("The storage of this run is not configured any more. Ask the operators of this server.")
    account = system_account(user=run.owner, user_authentication=site.user_authentication)
    directory = f"{run.owner.username}/{STATE_OF_RUNS}/{run.pk}"
    return Home(registry.current().storages.get(run.storage), WorkspaceLocation(directory, account))


def secrets_below(state: Home) -> WorkspaceLocation:
    """Return where the secrets are while it runs."""
    return replace(state.location, directory=f"{state.location.directory}/{SECRETS}")


def write_plan(state: Home, plan: dict[str, object]) -> None:
    """Put the plan in its place; the one that a run has begun with stays."""
    state.storage.create(state.location)
    if not _has(state, JOURNAL):
        state.storage.write(state.location, PLAN, [json.dumps(plan).encode()])


def write_secrets(state: Home, *, variables: dict[str, str], files: dict[str, bytes]) -> None:
    """Put the secrets where only the person gets at them, until the run is over."""
    location = secrets_below(state)
    state.storage.delete(location)
    if not variables and not files:
        return
    state.storage.create(location)  # nobody else's, before there is anything in it
    state.storage.write(location, "environment.json", [json.dumps(variables).encode()])
    for name, content in files.items():
        state.storage.write(location, f"files/{name}", [content])


def remove_secrets(state: Home) -> None:
    """Take the secrets away; no-op when they are gone."""
    state.storage.delete(secrets_below(state))


def remove_state(run: Run) -> None:
    """Take all of a run's state away; twice is safe."""
    state = state_of(run)
    state.storage.delete(state.location)


def read_state(run: Run) -> journal.RunState:
    """Return what the journal says now; of a run that has none, or whose files cannot be read: nothing."""
    try:
        state = state_of(run)
        with state.storage.open(state.location, JOURNAL) as file:
            return journal.read(file.read(journal.MOST_BYTES))
    except (UserWorkspacesError, OSError):
        return journal.RunState()


def read_log(state: Home, uuid: str, *, longest: int = LONGEST_LOG) -> str:
    """Return the end of what a command printed, while it runs too; empty where there is nothing."""
    try:
        with state.storage.open(state.location, f"logs/{uuid}.log") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - longest))
            text = file.read(longest).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    except (UserWorkspacesError, OSError):  # closed to its owner, or not a file: nothing that can be shown
        return ""
    return text if size <= longest else f"[... {size - longest} bytes are left out here ...]\n{text}"


def _has(home: Home, path: str) -> bool:
    with suppress(PathNotFound):
        home.storage.stat(home.location, path)
        return True
    return False
