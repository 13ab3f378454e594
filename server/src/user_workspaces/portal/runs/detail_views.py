"""One run: how far it is and its steps, what was asked for, and how it differs from another one."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.errors import NotFound, UserWorkspacesError
from user_workspaces.interfaces.workflow_specification import Json
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.fragments import LiveFragment, live_part, respond_with
from user_workspaces.portal.presenters.run import RunView, view_of_run, views_of_steps
from user_workspaces.workflows.diff import written_as_yaml
from user_workspaces.workflows.environment_record import EnvironmentRecord
from user_workspaces.workflows.lifecycle.environments import environment_of, name_of_environment
from user_workspaces.workflows.lifecycle.fair_queue import ahead_of
from user_workspaces.workflows.lifecycle.plan import specification_of
from user_workspaces.workflows.lifecycle.retention import rules_of
from user_workspaces.workflows.lifecycle.workspace_runs import text_of_specification
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import find_run, runs_in
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workflows.storage.journal import JournalStatus as StepStatus
from user_workspaces.workflows.storage.log_tail import step_tail
from user_workspaces.workflows.storage.progress import progress_of
from user_workspaces.workspaces.queries import name_of

STEPS_A_PAGE = 100
LAST_LINES = 12


@page("GET")
def show(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Show how far it is; asked for again while it goes on."""
    run = find_run(user=request.user, named=str(run_id))
    part = _overview(request, run)
    if wants_fragment(request):
        return respond_with(request, part)
    context = {**framed(run, tab="overview"), "overview": part.html, "title": part.title}
    return render(request, "portal/run.html", context)


def framed(run: Run, *, tab: str) -> dict[str, object]:
    """Return what the frame of all pages of a run needs."""
    origin = origin_of(run)
    return {
        "run": run,
        "tab": tab,
        "origin": origin,
        "origin_name": name_of(origin) if origin is not None else None,
        "title": run.full_name,
        "is_deleted": run.status == RunStatus.DELETED,
    }


def origin_of(run: Run) -> int | None:
    """Return the number of the workspace that a run was started from."""
    number = run.origin.get("workspace_id")
    return number if isinstance(number, int) else None


def _overview(request: UserRequest, run: Run) -> LiveFragment:
    usage = progress_of(run)
    view = view_of_run(run, usage)
    steps = Paginator(views_of_steps(usage.steps), STEPS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "view": view,
        "run": run,
        "steps": steps.object_list,
        "page": steps,
        "ahead": ahead_of(run) if view.status is RunStatus.QUEUED else 0,
        "failure": _failure(run, view),
        "environment": usage.environment,
        "parameters": parameters_of(run),
        "siblings": _siblings(run),
        "origin": origin_of(run),
        "origin_name": name_of(origin_of(run) or 0),
        "environment_name": _environment_name(run, view, usage.environment),
        "rules": rules_of(run, now=timezone.now()) if run.status != RunStatus.DELETED else [],
    }
    title = f"{view.state.word} - {run.full_name}"
    return live_part(request, "portal/run_overview.html", context, name="run", title=title, moves=view.moves)


def _environment_name(run: Run, view: RunView, record: EnvironmentRecord | None) -> str:
    """Return whose environment commands use, or used where they have begun; empty: they run in images."""
    if view.is_deleted:
        return ""
    return record.name if record is not None else name_of_environment(environment_of(run))


def _siblings(run: Run) -> list[Run]:
    """Return the other runs in its workspace: the one that it restarts, and its restarts."""
    same = runs_in(workspace_id=run.workspace_id).exclude(pk=run.pk).filter(owner_id=run.owner_id)
    return list(same.defer("specification", "kept_logs").order_by("major", "minor")[:20])


@dataclass(frozen=True, slots=True)
class RunFailure:
    """The last that the failing command printed, and what is known of its cause."""

    step: str
    uuid: str
    text: str
    message: str


def _failure(run: Run, view: RunView) -> RunFailure | None:
    if view.status is not RunStatus.FAILED:
        return None
    failed = next((one for one in progress_of(run).steps if one.status is StepStatus.FAILED), None)
    if failed is None:
        return None
    try:
        text = step_tail(run, UUID(failed.uuid)).text
    except UserWorkspacesError:
        text = ""
    lines = text.rstrip().splitlines()[-LAST_LINES:]
    return RunFailure(failed.name or f"step {failed.number + 1}", failed.uuid, "\n".join(lines), failed.message)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of a run's parameters as it is shown."""

    name: str
    value: str
    is_changed: bool
    """Whether the start said something else than the specification does."""


def parameters_of(run: Run) -> list[Parameter]:
    """Return all parameters, those of the start over the specification's own."""
    own = specification_of(run).parameters()
    merged = {**own, **run.parameters}
    return [Parameter(name, shown(value), name in run.parameters) for name, value in merged.items()]


def shown(value: Json) -> str:
    """Write a value of a parameter: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@page("GET")
def specification(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Show what was asked for, as it was written where that is known."""
    run = find_run(user=request.user, named=str(run_id))
    written = text_of_specification(run)
    text = written or written_as_yaml(json.loads(run.specification), sort_keys=False)
    context = {
        **framed(run, tab="specification"),
        "text": text,
        "is_as_written": written is not None,
        "parameters": parameters_of(run),
        "options": [Parameter(name, shown(value), is_changed=True) for name, value in run.options.items()],
        "title": f"Specification - {run.full_name}",
    }
    return render(request, "portal/run_specification.html", context)


def gone(run: Run) -> NotFound:
    """Return what is said where the files of a run are gone."""
    return NotFound(f"The files of {run.full_name} are deleted.")


def address_of(run: Run) -> str:
    """Return the address of a run's page."""
    return reverse("portal:run", args=[run.pk])
