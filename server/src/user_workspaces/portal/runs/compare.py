"""Comparison of two runs: specifications, parameters and files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse
from django.shortcuts import render

from user_workspaces.errors import NotFound
from user_workspaces.portal.access import UserRequest, page
from user_workspaces.portal.runs.detail_views import framed, shown
from user_workspaces.workflows.diff import specification_differences, workspace_differences
from user_workspaces.workflows.lifecycle.plan import specification_of
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import find_run, listed_runs, workspace_of
from user_workspaces.workflows.status import RunStatus

CONTEXT_LINES = 3
MOST_OFFERED = 100
MOST_LINES = 2_000
KINDS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff; `kind` determines its style."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A parameter that differs."""

    name: str
    first: str
    second: str


@page("GET")
def compare(request: UserRequest, run_id: UUID) -> HttpResponse:
    """List the user's other runs, and show the differences to the chosen one."""
    run = find_run(user=request.user, named=str(run_id))
    chosen = request.GET.get("with", "")
    context = {
        **framed(run, tab="compare"),
        "title": f"Compare - {run.full_name}",
        "others": _others(request, run),
        "chosen": chosen,
    }
    if chosen:
        other = find_run(user=request.user, named=chosen)
        context |= {"other": other, **_differences(other, run)}
    return render(request, "portal/run_compare.html", context)


def _others(request: UserRequest, run: Run) -> list[Run]:
    """Return the runs to compare with, those of the same name first."""
    statuses = set(RunStatus) - {RunStatus.DELETED}
    same_first = Case(When(name=run.name, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = listed_runs(request.user, search="", statuses=statuses).exclude(pk=run.pk)
    return list(rows.order_by(same_first, "-datetime_created")[:MOST_OFFERED])


def _differences(before: Run, after: Run) -> dict[str, object]:
    specification = specification_differences(before, after, context=CONTEXT_LINES)
    files, problem = list[DiffLine](), ""
    try:
        first, second = workspace_of(before), workspace_of(after)
        listing = workspace_differences(first, second, brief=False, context=CONTEXT_LINES)
        files = list(marked(listing.split("\n") if listing else ()))
        same = first.pk == second.pk
    # The files of a deleted run are gone, but its specification can still be compared.
    except NotFound as error:
        problem, same = error.message, False
    sections = [(name, list(marked(lines))) for name, lines in specification.items() if lines]
    return {
        "sections": sections,
        "parameters": _parameters(before, after),
        "files": files[:MOST_LINES],
        "left_out": max(0, len(files) - MOST_LINES),
        "problem": problem,
        "share_files": same,
    }


def marked(lines: Iterable[str]) -> Iterator[DiffLine]:
    """Classify each line of a diff."""
    for line in lines:
        # Headers of `diff -r`, before `+` and `-` are checked.
        is_head = line.startswith(("+++ ", "--- ", "Only in ", "Files ", "Binary files "))
        yield DiffLine(line, "head" if is_head else KINDS.get(line[:1], "same"))


def _parameters(before: Run, after: Run) -> list[Changed]:
    one, two = ({**specification_of(each).parameters(), **each.parameters} for each in (before, after))
    names = [*one, *(name for name in two if name not in one)]
    return [
        Changed(name, shown(one[name]) if name in one else "", shown(two[name]) if name in two else "")
        for name in names
        if name not in one or name not in two or one[name] != two[name]
    ]
