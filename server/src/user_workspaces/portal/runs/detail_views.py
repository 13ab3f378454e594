"""Pages of one run: overview with steps, and specification."""

import json
from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.errors import UserWorkspacesError
from user_workspaces.interfaces.workflow_specification import Json
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
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
    """Show the progress of a run; the fragment polls while the run is active."""
    run = find_run(user=request.user, named=str(run_id))
    part = _overview(request, run)
    if wants_fragment(request):
        return respond_with(request, part)
    context = {**framed(run, tab="overview"), "overview": part.html, "title": part.title}
    return render(request, "portal/run.html", context)


def framed(run: Run, *, tab: str) -> dict[str, object]:
    """Return the context of `run_base.html`."""
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
    """Return the id of the workspace that a run was started from."""
    number = run.origin.get("workspace_id")
    return number if isinstance(number, int) else None


def _overview(request: UserRequest, run: Run) -> LiveFragment:
    progress = progress_of(run)
    view = view_of_run(run, progress)
    steps = Paginator(views_of_steps(progress.steps), STEPS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "view": view,
        "run": run,
        "steps": steps.object_list,
        "page": steps,
        "ahead": ahead_of(run) if view.status is RunStatus.QUEUED else 0,
        "failure": _failure(run, view),
        "environment": progress.environment,
        "parameters": parameters_of(run),
        "siblings": _siblings(run),
        "origin": origin_of(run),
        "origin_name": name_of(origin_of(run) or 0),
        "environment_name": _environment_name(run, view, progress.environment),
        "rules": rules_of(run, now=timezone.now()) if run.status != RunStatus.DELETED else [],
    }
    title = f"{view.state.word} - {run.full_name}"
    polling = Polling(moves=view.moves)
    return live_fragment(request, "portal/run_overview.html", context, name="run", title=title, polling=polling)


def _environment_name(run: Run, view: RunView, record: EnvironmentRecord | None) -> str:
    """Return the owner of the environment that commands use or have used; empty if they run in images."""
    if view.is_deleted:
        return ""
    return record.name if record is not None else name_of_environment(environment_of(run))


def _siblings(run: Run) -> list[Run]:
    """Return the other runs on the same files: the original run and its restarts."""
    same = runs_in(workspace_id=run.workspace_id).exclude(pk=run.pk).filter(owner_id=run.owner_id)
    return list(same.defer("specification", "kept_logs").order_by("major", "minor")[:20])


@dataclass(frozen=True, slots=True)
class RunFailure:
    """The last output of the failed command, and its error message."""

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
        # The failure is shown even if its log cannot be read.
        text = step_tail(run, UUID(failed.uuid)).text
    except UserWorkspacesError:
        text = ""
    lines = text.rstrip().splitlines()[-LAST_LINES:]
    return RunFailure(failed.name or f"step {failed.number + 1}", failed.uuid, "\n".join(lines), failed.message)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a run for display."""

    name: str
    value: str
    is_changed: bool
    """True if it was overridden when the run was started."""


def parameters_of(run: Run) -> list[Parameter]:
    """Return all parameters; those given at the start override the specification's defaults."""
    own = specification_of(run).parameters()
    merged = {**own, **run.parameters}
    return [Parameter(name, shown(value), name in run.parameters) for name, value in merged.items()]


def shown(value: Json) -> str:
    """Format a parameter's value: strings unchanged, other values as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@page("GET")
def specification(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Show the specification, in its original text if that is available."""
    run = find_run(user=request.user, named=str(run_id))
    original = text_of_specification(run)
    text = original or written_as_yaml(json.loads(run.specification), sort_keys=False)
    context = {
        **framed(run, tab="specification"),
        "text": text,
        "is_original": original is not None,
        "parameters": parameters_of(run),
        "options": [Parameter(name, shown(value), is_changed=True) for name, value in run.options.items()],
        "title": f"Specification - {run.full_name}",
    }
    return render(request, "portal/run_specification.html", context)


def address_of(run: Run) -> str:
    """Return the URL of a run's page."""
    return reverse("portal:run", args=[run.pk])
