"""Run the `reana.yaml` of a workspace with its inputs, and copy the outputs back with their provenance."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Literal

from django.db.models import QuerySet

from user_workspaces.errors import Conflict, InvalidRequest, NotFound, UserWorkspacesError
from user_workspaces.interfaces.environment import FOLDER
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.interfaces.workflow_specification import FilesAndDirectories, Json, Specification
from user_workspaces.workflows.environment_record import EnvironmentRecord
from user_workspaces.workflows.lifecycle.actions import RunRequest, Start, create_run, delete_run, start_run
from user_workspaces.workflows.lifecycle.plan import engine_names, specification_of
from user_workspaces.workflows.lifecycle.waiting_limit import check_queue
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import runs_in, runs_of, workspace_of
from user_workspaces.workflows.specification import Reading, read_yaml
from user_workspaces.workflows.status import GOING, RunStatus
from user_workspaces.workflows.storage.locations import read_state
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.copy_file import copy_file
from user_workspaces.workspaces.files import entry_at, find_entry, is_folder, list_folder, open_file, walk_folder
from user_workspaces.workspaces.models import Workspace

USUAL_NAMES = ("reana.yaml", "reana.yml")
SPECIFICATION = re.compile(r"reana[A-Za-z0-9._-]*\.ya?ml")
MOST_NAMES = 10_000
"""Entries at the top of a workspace that are searched for specifications."""
LARGEST_SPECIFICATION = 1 << 20
MOST_RESTARTS = 20
"""Later runs in the same workspace that the provenance lists."""
PIECE = 1 << 18
PROVENANCE = "provenance.json"


def runs_from(workspace: Workspace) -> QuerySet[Run]:
    """Return the runs that were started from a workspace, newest first."""
    return runs_of(workspace.owner).filter(origin__workspace_id=workspace.pk)


def specifications_in(workspace: Workspace) -> tuple[str, ...]:
    """Return the specifications at the top of a workspace, those with a usual name first."""
    names = [
        one.path
        for one in list_folder(workspace=workspace, path="", limit=MOST_NAMES).entries
        if one.kind is EntryKind.FILE and SPECIFICATION.fullmatch(one.path)
    ]
    return tuple(sorted(names, key=lambda name: (name not in USUAL_NAMES, name)))


def has_specification(workspace: Workspace) -> bool:
    """Return whether a workspace has a `reana.yaml`: by its last measurement, or by the storage if that is outdated."""
    if workspace.measured >= workspace.changes:
        names = {entry["name"] for entry in workspace.current.get("files", ())}
        return any(f"/{name}" in names for name in USUAL_NAMES)
    try:
        found = [find_entry(workspace=workspace, path=name) for name in USUAL_NAMES]
    except UserWorkspacesError:  # the storage is unavailable: the page shows everything else
        return False
    return any(entry is not None and entry.kind is EntryKind.FILE for entry in found)


def read_specification(workspace: Workspace, path: str) -> Reading:
    """Read a specification of a workspace with all its problems; raises `NotFound`."""
    with open_file(workspace=workspace, path=path).content as content:
        # One byte more than the limit, so that `read_yaml` reports a file that is too large.
        data = content.read(LARGEST_SPECIFICATION + 1)
    return read_yaml(data, engines=engine_names(), exists=partial(_kind_at, workspace))


def _kind_at(workspace: Workspace, path: str) -> Literal["file", "directory", ""]:
    try:
        entry = find_entry(workspace=workspace, path=_plain(path))
    except UserWorkspacesError:  # not a path, or one outside the workspace
        return ""
    if entry is None:
        return ""
    return "directory" if is_folder(entry) else "file"


def _plain(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def text_of_specification(run: Run) -> str | None:
    """Return the file of a run's specification with its comments; None if the file is missing or has changed."""
    try:
        workspace = workspace_of(run)
        for name in (str(run.origin.get("path", "")), *USUAL_NAMES):
            if name and find_entry(workspace=workspace, path=name):
                with open_file(workspace=workspace, path=name).content as content:
                    data = content.read(LARGEST_SPECIFICATION + 1)
                found = read_yaml(data).specification
                return data.decode() if found is not None and found.source == run.specification else None
    except (UserWorkspacesError, UnicodeDecodeError):
        return None
    return None


def run_workspace(
    *, workspace: Workspace, name: str, path: str, start: Start, resource_options: Mapping[str, object], now: datetime
) -> Run:
    """Create a run from a workspace's specification, copy its inputs, and start it; all or nothing."""
    check_queue(workspace.owner_id)  # before anything is copied
    path, specification = _specification(workspace, path)
    origin: dict[str, object] = {"workspace_id": workspace.pk, "path": path}
    request = RunRequest(
        owner=workspace.owner,
        name=name,
        document=specification.document(),
        resource_options=resource_options,
        origin=origin,
    )
    run = create_run(request, now=now)
    try:
        origin["inputs_sha256"] = _copy_inputs(workspace, workspace_of(run), path, specification.inputs, now=now)
        Run.objects.filter(pk=run.pk).update(origin=origin)
        run.origin = origin
        return start_run(run=run, start=start, now=now)
    # Also after KeyboardInterrupt and SystemExit: a run with a part of its inputs must not stay.
    except BaseException:
        delete_run(run=run, now=now)
        raise


def _specification(workspace: Workspace, path: str) -> tuple[str, Specification]:
    for one in (path,) if path else USUAL_NAMES:
        try:
            return one, read_specification(workspace, one).required()
        except NotFound:
            continue
    raise InvalidRequest(f"There is no {path or USUAL_NAMES[0]} in this workspace.")


def _copy_inputs(source: Workspace, target: Workspace, path: str, inputs: FilesAndDirectories, *, now: datetime) -> str:
    """Copy the specification and the inputs; return the hash of their names and contents.

    The folder of the workspace's environment is not copied: the run uses it in place.
    """
    digest = hashlib.sha256()
    names = [*inputs.files, *(name for folder in inputs.directories for name in _below(source, folder))]
    for name in sorted({path, *(name for name in names if _plain(name).split("/")[0] != FOLDER)}):
        # Names contain no NUL: as a separator it keeps different lists from becoming equal texts.
        digest.update(f"{name}\0{_copy(source, name, target, name, now=now)}\0".encode())
    return digest.hexdigest()


def _below(workspace: Workspace, folder: str) -> Iterator[str]:
    for entry in walk_folder(workspace=workspace, path=_plain(folder)):
        if entry.kind is EntryKind.FILE:
            yield entry.path


def _copy(source: Workspace, path: str, target: Workspace, new_path: str, *, now: datetime) -> str:
    """Copy one file with the rights and the quota of its owner; return the hash of the copy."""
    copy_file(source=source, path=path, target=target, new_path=new_path, now=now)
    digest = hashlib.sha256()
    # The hash of the copy, because the original may change while it is copied.
    with open_file(workspace=target, path=new_path).content as content:
        while piece := content.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def copy_outputs(*, run: Run, workspace: Workspace, folder: str, now: datetime) -> list[str]:
    """Copy the existing outputs of a run into a new folder of a workspace, with a provenance file.

    Returns the paths in the folder. Raises `Conflict` if the run has not finished, while a restart writes to the same
    workspace, and if the folder exists.
    """
    if run.status != RunStatus.FINISHED:
        raise Conflict(f"{run.full_name} is {run.status} and has no results to copy.")
    live = _made_later(run).filter(status__in=GOING).first()
    if live is not None:
        raise Conflict(f"{live.full_name} uses the same workspace and is {live.status}. Copy the results later.")
    if find_entry(workspace=workspace, path=folder) is not None:
        raise Conflict(f"{folder} already exists.")
    source, hashes = workspace_of(run), dict[str, str]()
    for path in _outputs(run, source):
        hashes[path] = _copy(source, path, workspace, f"{folder}/{path}", now=now)
    environment = read_state(run).environment
    lock = _copy_lock(environment, source, workspace, folder, taken=hashes, now=now)
    provenance = _provenance(run, environment, hashes, now=now)
    # Written last: a folder with a provenance file is complete.
    content = json.dumps(provenance, indent=2).encode() + b"\n"
    upload_file(workspace=workspace, path=f"{folder}/{PROVENANCE}", chunks=[content], size=len(content), now=now)
    return [*hashes, *lock, PROVENANCE]


def _copy_lock(
    environment: EnvironmentRecord | None,
    source: Workspace,
    target: Workspace,
    folder: str,
    *,
    taken: Collection[str],
    now: datetime,
) -> list[str]:
    """Copy the lock file of a run's environment to its outputs, if it exists; return its path."""
    path = environment.file if environment is not None else ""
    entry = find_entry(workspace=source, path=path) if path and path not in taken else None
    if entry is None or entry.kind is not EntryKind.FILE:
        return []
    _copy(source, path, target, f"{folder}/{path}", now=now)
    return [path]


def _provenance(
    run: Run, environment: EnvironmentRecord | None, hashes: Mapping[str, str], *, now: datetime
) -> dict[str, object]:
    """Return the content of the provenance file."""
    return {
        "run": str(run.pk),
        "name": run.full_name,
        "specification_sha256": hashlib.sha256(run.specification.encode()).hexdigest(),
        "inputs_sha256": run.origin.get("inputs_sha256"),
        "parameters": _parameters_of(run),
        "resource": run.resource,
        "started": run.datetime_started.isoformat() if run.datetime_started else None,
        "finished": run.datetime_finished.isoformat() if run.datetime_finished else None,
        "copied": now.isoformat(),
        "outputs_sha256": hashes,
        "restarted_in_place": [
            {"run": str(one.pk), "name": one.full_name, "parameters": _parameters_of(one)}
            for one in restarts_after(run)
        ],
        "environment": None if environment is None else asdict(environment),
    }


def restarts_after(run: Run) -> list[Run]:
    """Return the later runs in the same workspace, oldest first, which may have overwritten the results.

    At most the newest `MOST_RESTARTS`.
    """
    return list(reversed(_made_later(run)[:MOST_RESTARTS]))


def _made_later(run: Run) -> QuerySet[Run]:
    same = runs_in(workspace_id=run.workspace_id).filter(owner_id=run.owner_id)
    later = same.filter(datetime_created__gt=run.datetime_created).order_by("-datetime_created")
    return later.defer("kept_logs", "specification")  # each may be a megabyte


def _parameters_of(run: Run) -> dict[str, Json]:
    return {**specification_of(run).parameters(), **run.parameters}


def _outputs(run: Run, workspace: Workspace) -> list[str]:
    outputs = specification_of(run).outputs
    found = set[str]()
    for path in (*outputs.files, *outputs.directories):
        try:
            entry = entry_at(workspace=workspace, path=_plain(path))
        except NotFound:
            continue
        found |= set(_below(workspace, entry.path)) if is_folder(entry) else {entry.path}
    return sorted(found)
