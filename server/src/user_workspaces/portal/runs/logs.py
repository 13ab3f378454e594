"""The logs of a run, which the page follows: the engine's and those of the commands."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
from user_workspaces.portal.presenters.run import StepView, view_of_run, views_of_steps
from user_workspaces.portal.runs.detail_views import framed
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import find_run
from user_workspaces.workflows.run_names import as_uuid
from user_workspaces.workflows.storage.journal import JournalStatus as StepStatus
from user_workspaces.workflows.storage.log_tail import Tail, engine_tail, step_tail
from user_workspaces.workflows.storage.progress import progress_of

STEPS_A_PAGE = 100
MOST_DIGITS = 15


@page("GET")
def logs(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Show one log beside the list of all logs."""
    run = find_run(user=request.user, named=str(run_id))
    step = _step_in(request)
    part = _list(request, run, step)
    if wants_fragment(request):
        return respond_with(request, part)
    tail, shown = _tail(run, step, after=None), _step_of(run, step)
    context = {
        **framed(run, tab="logs"),
        "list": part.html,
        "tail": tail,
        "piece": _log_part(run, step, tail),
        "name": shown.name if shown else "Step" if step else "Engine",
        "message": shown.step.message if shown and shown.step.status is StepStatus.FAILED else "",
        "title": f"Logs - {run.full_name}",
    }
    return render(request, "portal/run_logs.html", context)


@page("GET")
def more(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Send the output since the position `after`; 204 if there is none."""
    run, step = find_run(user=request.user, named=str(run_id)), _step_in(request)
    after = _number_in(request)
    tail = _tail(run, step, after=after)
    # 204: htmx keeps the element, which polls again.
    if not tail.text and not tail.is_last:
        return HttpResponse(status=204)
    return HttpResponse(_log_part(run, step, tail))


def _log_part(run: Run, step: UUID | None, tail: Tail) -> SafeString:
    """Return a part of a log and the element that fetches the next part, without white space that was not printed."""
    html = render_to_string("portal/run_log_more.html", {"run": run, "step": step, "tail": tail})
    return mark_safe(html.removesuffix("\n"))  # noqa: S308  rendered by a template, which escapes


def _list(request: UserRequest, run: Run, step: UUID | None) -> LiveFragment:
    progress = progress_of(run)
    view = view_of_run(run, progress)
    started = [one for one in views_of_steps(progress.steps) if one.has_started]
    steps = Paginator(started, STEPS_A_PAGE).get_page(request.GET.get("page"))
    context = {"view": view, "run": run, "steps": steps.object_list, "page": steps, "chosen": str(step)}
    title = f"{view.state.word} - Logs of {run.full_name}"
    polling = Polling(moves=view.moves)
    return live_fragment(request, "portal/run_log_list.html", context, name="logs", title=title, polling=polling)


def _tail(run: Run, step: UUID | None, *, after: int | None) -> Tail:
    return step_tail(run, step, after=after) if step else engine_tail(run, after=after)


def _step_of(run: Run, step: UUID | None) -> StepView | None:
    """Return the command whose log is shown; None for the engine's log, or without a journal."""
    if step is None:
        return None
    return next((one for one in views_of_steps(progress_of(run).steps) if one.step.uuid == str(step)), None)


def _step_in(request: UserRequest) -> UUID | None:
    text = request.GET.get("step", "")
    found = as_uuid(text)
    if text and found is None:
        raise InvalidRequest("This run has no such step.")
    return found


def _number_in(request: UserRequest) -> int:
    text = request.GET.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise InvalidRequest("This is not a valid position in a log.")
    return int(text)
