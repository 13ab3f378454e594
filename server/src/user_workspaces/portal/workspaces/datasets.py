"""The dataset picker: browse the dataset roots and choose a target for a link."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from user_workspaces import registry
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.storage import Dataset
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.workspaces.datasets import datasets_for
from user_workspaces.workspaces.queries import find_workspace

MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One entry of the picker."""

    name: str
    path: str
    is_directory: bool
    opens: str
    """URL that opens the directory."""
    chooses: str
    """URL that chooses the entry without scripts."""


@page("GET")
def for_new_workspace(request: UserRequest) -> HttpResponse:
    """List datasets for a new workspace."""
    return _response(request, registry.site().main_storage, reverse("portal:datasets"), reverse("portal:new"))


@page("GET")
def for_workspace(request: UserRequest, workspace_id: int) -> HttpResponse:
    """List datasets for a workspace."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    url = reverse("portal:workspace_datasets", args=[workspace_id])
    return _response(request, workspace.storage, url, reverse("portal:files", args=[workspace_id]))


def _response(request: UserRequest, storage: str, url: str, form: str) -> HttpResponse:
    path, problem = request.GET.get("at", "").rstrip("/"), ""
    roots = datasets_for(request.user, storage=storage, path="", limit=MOST_SHOWN)
    found = roots
    try:
        if path:
            found = datasets_for(request.user, storage=storage, path=path, limit=MOST_SHOWN)
    # The path comes from a URL and may be old: the roots are shown instead.
    except StorageError:
        path, problem = "", "This folder cannot be opened, or it no longer exists."
    context = {
        "rows": [_row(one, url=url, form=form, is_root=not path) for one in found],
        "trail": _trail(path, [root.path for root in roots], url),
        "top_url": url,
        "back": form,
        "problem": problem,
        "is_cut": len(found) == MOST_SHOWN,
        "most": MOST_SHOWN,
    }
    template = "portal/datasets.html" if wants_fragment(request) else "portal/datasets_page.html"
    return render(request, template, context)


def _row(found: Dataset, *, url: str, form: str, is_root: bool) -> DatasetRow:
    return DatasetRow(
        name=found.path if is_root else found.path.rpartition("/")[2],
        path=found.path,
        is_directory=found.is_directory,
        opens=f"{url}?{urlencode({'at': found.path})}",
        chooses=f"{form}?{urlencode({'dataset': found.path})}",
    )


def _trail(path: str, roots: list[str], url: str) -> list[tuple[str, str]]:
    """Return name and URL of each directory from the root to this one."""
    # The longest root that contains the path: roots may be nested.
    root = next((one for one in sorted(roots, key=len, reverse=True) if f"{path}/".startswith(f"{one}/")), "")
    if not root:
        return []
    steps = [root]
    for name in path.removeprefix(root).strip("/").split("/"):
        if name:
            steps.append(f"{steps[-1]}/{name}")
    return [(step if step == root else step.rpartition("/")[2], f"{url}?{urlencode({'at': step})}") for step in steps]
