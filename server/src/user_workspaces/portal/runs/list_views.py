"""The list of all runs, and of the runs of one workspace."""

from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.forms import ListForm
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with, respond_with_list
from user_workspaces.portal.presenters.run import RunView, view_of_run
from user_workspaces.workflows.lifecycle.workspace_runs import runs_from, specifications_in
from user_workspaces.workflows.queries import counts_by_status, listed_runs
from user_workspaces.workflows.status import GOING, RunStatus
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace, is_usable

ROWS_A_PAGE = 20
STATUSES = (
    ("", "Any"),
    ("going", "Active"),
    ("finished", "Finished"),
    ("failed", "Failed"),
    ("stopped", "Stopped"),
    ("created", "Not started"),
    ("deleted", "Deleted"),
)
SORTS = (("", "Newest"), ("oldest", "Oldest"), ("name", "Name"))


class RunFilterForm(ListForm):
    """Search, filter and order of the list; invalid values fall back to all runs that are not deleted."""

    q = forms.CharField(max_length=200, required=False, label="Search")
    status = forms.ChoiceField(required=False, choices=STATUSES)
    sort = forms.ChoiceField(required=False, choices=SORTS)


@page("GET")
def list_runs(request: UserRequest) -> HttpResponse:
    """List the runs; the query holds search, filter, order and page."""
    form = RunFilterForm(request.GET)
    return respond_with_list(request, "portal/runs.html", form, _list(request, form))


def _list(request: UserRequest, form: RunFilterForm) -> LiveFragment:
    wanted = form.wanted
    status = wanted.get("status", "")
    statuses = GOING if status == "going" else {RunStatus(status)} if status else set(RunStatus) - {RunStatus.DELETED}
    found = listed_runs(request.user, search=wanted.get("q", ""), statuses=statuses, sorting=wanted.get("sort", ""))
    shown = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page"))
    views = [view_of_run(run) for run in shown.object_list]
    context = {"runs": views, "page": shown, "query": urlencode(wanted), "is_filtered": "q" in wanted or bool(status)}
    title = title_of(counts_by_status(request.user))
    return live_fragment(request, "portal/run_list.html", context, name="list", title=title, polling=_polling(views))


def title_of(counts: dict[RunStatus, int]) -> str:
    """Return the title of the list, which starts with the number of active runs."""
    running = counts.get(RunStatus.RUNNING, 0)
    waiting = sum(counts.get(status, 0) for status in GOING) - running
    parts = [f"{number} {word}" for number, word in ((running, "running"), (waiting, "waiting")) if number]
    return f"{', '.join(parts)} - Runs" if parts else "Runs"


def _polling(views: list[RunView]) -> Polling:
    return Polling(moves=any(view.moves for view in views))


@page("GET")
def runs_of_workspace(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the workflows in a workspace, and their runs."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    part = _runs_of(request, workspace)
    if wants_fragment(request):
        return respond_with(request, part)
    context = {
        "workspace": workspace,
        "tab": "runs",
        "runs": part.html,
        "title": part.title,
        "specifications": specifications_in(workspace) if is_usable(workspace) else (),
    }
    return render(request, "portal/workspace_runs.html", context)


def _runs_of(request: UserRequest, workspace: Workspace) -> LiveFragment:
    shown = Paginator(runs_from(workspace), ROWS_A_PAGE).get_page(request.GET.get("page"))
    views = [view_of_run(run) for run in shown.object_list]
    context = {"workspace": workspace, "runs": views, "page": shown, "is_of_workspace": True}
    title = f"Runs - {workspace.name}"
    return live_fragment(request, "portal/run_list.html", context, name="runs", title=title, polling=_polling(views))
