"""Requests with the IDs of another user read and change nothing, for every method of every route.

All data of Ada contains a unique word, the canary. A new route with an ID needs an entry in `FOREIGN`
(test_routes.py) with a request for each of its methods, and an entry in `NUMBERS` that returns the ID of
Ada's object.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from api.conftest import Caller, launch, share
from api.test_routes import FOREIGN
from api.test_tus import begin
from user_workspaces.accounts.actions import mint_client_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.api.urls import ROUTES
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CANARY = "kanarienvogel"
METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [(method.upper(), route) for route, view in ROUTES for method in METHODS if hasattr(view, method)]
SINGLE_NUMBER = re.compile(r"<number:(\w+)>")
CHANGES_WITH_USE = {"last_used_at"}


@dataclass(frozen=True)
class Ada:
    """The objects of the first user."""

    user: User
    workspace: Workspace
    job: Job
    token: ApiToken
    token_text: str
    share_id: int
    upload_id: str


NUMBERS: dict[str, Callable[[Ada], int]] = {
    "workspace_id": lambda ada: ada.workspace.pk,
    "job_id": lambda ada: ada.job.pk,
    "token_id": lambda ada: ada.token.pk,
    "share_id": lambda ada: ada.share_id,
}
TEXTS: dict[str, Callable[[Ada], tuple[str, ...]]] = {
    "verb": lambda _: ("stop", "destroy", "accept", "retry"),
    "path": lambda _: (f"{CANARY}.txt", ".", "new.txt", ".uws-part-uploads"),
    "upload_id": lambda ada: (ada.upload_id,),
    "run_id": lambda _: (str(UUID(int=1)), "x"),
}


@pytest.fixture
def first(ada: Caller, call: Callable[..., Caller], workspace_of: Callable[..., Workspace]) -> Ada:
    """Ada, with the canary in every column and file."""
    assert ada.user is not None
    files = (NewFile(f"{CANARY}.txt", CANARY.encode()),)
    workspace = workspace_of(ada.user, f"{CANARY}-name", Details(files=files))
    current = {"files": [{"name": f"/{CANARY}.txt"}], "symlinks": [{"name": f"/{CANARY}"}]}
    Workspace.objects.filter(pk=workspace.pk).update(description=CANARY, current=current)
    offered = share(ada, workspace, call("grace"))
    upload = begin(ada, f"/workspaces/{workspace.pk}/tus/", name=f"{CANARY}.bin").rstrip("/").rpartition("/")[2]
    job = launch(workspace, "jupyter_lab")
    Job.objects.filter(pk=job.pk).update(
        message=CANARY,
        log_tail=CANARY,
        endpoint=CANARY,
        requested={CANARY: CANARY, "resource_options": {}},
        status="running",
        datetime_start=timezone.now(),
        datetime_ready=timezone.now(),
    )
    return Ada(ada.user, workspace, job, ApiToken.objects.get(user=ada.user), ada.token, offered, upload)


def paths(route: str, ada: Ada) -> Iterator[str]:
    """Yield the paths of a route, filled with Ada's IDs."""
    found = [SINGLE_NUMBER.sub(lambda match: str(NUMBERS[match[1]](ada)), route)]
    for name, texts in TEXTS.items():
        part = re.compile(rf"<\w+:{name}>")
        found = [part.sub(text, path) for path in found for text in texts(ada)]
    yield from dict.fromkeys(found)


def requests(method: str, route: str, ada: Ada) -> Iterator[dict[str, Any]]:
    """Yield the requests of the table, and some with all of Ada's IDs."""
    for known, request, _, _ in FOREIGN.get(route) or ():
        if known == method:
            yield request
    ids = {name: number(ada) for name, number in NUMBERS.items()}
    foreign = {
        **ids,
        "id": ada.workspace.pk,
        "user_id": ada.user.pk,
        "owner": ada.user.pk,
        "owner_id": ada.user.pk,
        "original_workspace_id": ada.workspace.pk,
        "shared_workspace_id": ada.workspace.pk,
    }
    yield {"body": foreign}
    yield {"body": {**foreign, "name": "mine", "description": "", "shared_user_ids": [ada.user.pk]}}


def pk_of(model: type[Model]) -> str:
    assert model._meta.pk is not None
    return model._meta.pk.attname


def rows_of_all_users() -> dict[tuple[str, object], dict[str, object]]:
    """Return all rows, by model and key."""
    ours = (model for model in apps.get_models() if model.__module__.startswith("user_workspaces."))
    return {
        (model.__name__, row[pk_of(model)]): {
            name: value for name, value in row.items() if name not in CHANGES_WITH_USE
        }
        for model in ours
        for row in model._default_manager.values()
    }


def files_of(ada: Ada) -> dict[str, bytes]:
    home = home_of(ada.workspace)
    found = {}
    for entry in home.storage.tree(home.location):
        with home.storage.open(home.location, entry.path) as file:
            found[entry.path] = file.read()
    return found


def test_every_method_of_every_route_with_a_number_is_in_the_table() -> None:
    known = {(method, route) for route, listed in FOREIGN.items() for method, *_ in listed or ()}
    wanted = {(method, route) for method, route in OPERATIONS if SINGLE_NUMBER.search(route)}
    assert known == wanted, "add a request and its response for each method of the route to FOREIGN in test_routes.py"


def test_every_route_parameter_has_a_value() -> None:
    parts = {part for _, route in OPERATIONS for part in re.findall(r"<\w+:(\w+)>", route)}
    unknown = parts - set(NUMBERS) - set(TEXTS)
    assert not unknown, f"add a value for each parameter to NUMBERS or TEXTS: {unknown}"


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
@pytest.mark.parametrize("stranger", ["mallory", "nobody", "portal"])
def test_other_users_read_and_change_nothing(
    call: Callable[..., Caller], first: Ada, method: str, route: str, stranger: str
) -> None:
    caller = {
        "mallory": lambda: call("mallory"),
        "nobody": lambda: Caller(None, ""),
        "portal": lambda: Caller(None, mint_client_token(name="portal", now=timezone.now())),
    }[stranger]()
    before, files = rows_of_all_users(), files_of(first)
    query = f"?workspace_id={first.workspace.pk}&search={CANARY}&name={CANARY}-name&resource_job_id=-1&force=true"
    for path in paths(route, first):
        for request in requests(method, route, first):
            for suffix in ("", "/", f"/{query}"):
                response = caller(method, f"/{path}{suffix}", **request)
                shown = f"{response.body} {dict(response.headers)}".replace(path, "")
                assert CANARY not in shown, (method, path, shown)
                assert first.token_text not in shown
    after = rows_of_all_users()
    assert {key: after.get(key) for key in before} == before
    assert files_of(first) == files
    new = [row for key, row in after.items() if key not in before]
    assert not [row for row in new if first.workspace.pk in {row.get("workspace_id"), row.get("original_workspace_id")}]
    assert not [row for row in new if first.user.pk in {row.get("user_id"), row.get("owner_id")}]


def test_owner_sees_the_canary(ada: Caller, first: Ada) -> None:
    """Otherwise the tests would search for text that no response contains."""
    assert str(ada("GET", "/workspaces/").body).count(CANARY) > 3
    assert str(ada("GET", "/jobs/").body).count(CANARY) > 1
