"""Access to every page: for the owner, for another user, and without a login."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import timezone

from support.fake_copies import offer, state_of
from support.runs import workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.portal.urls import ROUTES
from user_workspaces.registry import Registry
from user_workspaces.sharing.models import Share
from user_workspaces.workflows.lifecycle.actions import RunRequest, create_run
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.slow

HTMX = {"HTTP_HX_REQUEST": "true"}
RUN = "00000000-0000-4000-8000-000000000001"
WORKFLOW = {
    "version": "0.9.4",
    "workflow": {"type": "serial", "specification": {"steps": [{"environment": "python:3", "commands": ["true"]}]}},
}
GETS = [
    "/w/{workspace}/",
    "/w/{workspace}/files/",
    "/w/{workspace}/sharing/",
    "/w/{workspace}/folder/",
    "/w/{workspace}/environment/",
    "/w/{workspace}/environment/reset/",
    "/w/{workspace}/settings/",
    "/w/{workspace}/delete/",
    "/w/{workspace}/launch/",
    "/open/{job}/",
    "/session/{job}/stop/",
    "/session/{job}/log/",
    "/w/{workspace}/runs/",
    "/w/{workspace}/run/",
    "/runs/{run}/",
    "/runs/{run}/logs/",
    "/runs/{run}/files/",
    "/runs/{run}/specification/",
    "/runs/{run}/compare/",
    "/runs/{run}/again/",
    "/runs/{run}/stop/",
    "/runs/{run}/delete/",
    "/runs/{run}/results/",
]
POSTS = [
    "/w/{workspace}/about/",
    "/w/{workspace}/files/",
    "/w/{workspace}/link/",
    "/w/{workspace}/sharing/",
    "/w/{workspace}/environment/prepare/",
    "/w/{workspace}/environment/reset/",
    "/w/{workspace}/settings/",
    "/w/{workspace}/delete/",
    "/w/{workspace}/launch/",
    "/session/{job}/stop/",
    "/session/{job}/again/",
    "/shared/{share}/accept/",
    "/shared/{share}/withdraw/",
    "/shared/{share}/retry/",
    "/w/{workspace}/run/",
    "/runs/{run}/again/",
    "/runs/{run}/stop/",
    "/runs/{run}/delete/",
    "/runs/{run}/results/",
]
WITHOUT_ID = ["/", "/new/", "/shared/", "/profile/", "/runs/"]
TESTED_SEPARATELY = {
    # need a path, or serve a script: see files/test_actions and files/test_transfers
    *("/w/1/move/", "/w/1/remove/", "/w/1/preview/", "/w/1/download/", "/w/1/tus/", "/w/1/tus/<str:upload_id>/"),
    # see files/test_documents, files/test_editor and files/test_batches
    *("/w/1/rendered/", "/w/1/view/", "/w/1/edit/", "/w/1/batch/"),
    # a generated file: see workspaces/test_environment
    "/w/1/environment/lock/",
    # a part of a log, and an archive: see runs/test_detail_views
    *(f"/runs/{RUN}/logs/more/", f"/runs/{RUN}/download/"),
    # the picker needs datasets: see workspaces/test_datasets
    *("/datasets/", "/w/1/datasets/"),
}
REDIRECT_TO_PROFILE = {"/profile/tokens/", "/profile/password/", "/profile/reana/", "/profile/secrets/"}
OPEN = {
    *("/site/logo/", "/site/terms/"),  # need a configuration: see test_branding
    "/login/",
    "/login/<str:secret>/",
    "/login/with/<str:authentication>/",
    "/login/with/<str:authentication>/done/",
}
FORMS_WITHOUT_PAGE = {
    *("/logout/", "/profile/log-out-everywhere/", "/profile/tokens/1/revoke/", "/profile/reana/forget/"),
    "/profile/secrets/delete/",
}


@pytest.fixture
def location(
    site: Registry, workspace: Workspace, job_in: Callable[..., Job], make_user: Callable[[str], User]
) -> Iterator[dict[str, object]]:
    """The ids of a workspace, a job that starts in it, a share of it, and a finished run."""
    numbers = {"workspace": workspace.pk, "job": job_in(workspace).pk, "share": offer(workspace, make_user("grace")).pk}
    with workflows_on(site):
        content = json.dumps(WORKFLOW).encode()
        upload_file(workspace=workspace, path="reana.yaml", chunks=[content], now=timezone.now())
        request = RunRequest(owner=workspace.owner, name="cell-atlas", document=WORKFLOW)
        run = create_run(request, now=timezone.now())
        Run.objects.filter(pk=run.pk).update(status="finished")
        yield {**numbers, "run": run.pk}


def test_lists_cover_every_route() -> None:
    covered = {path.format(workspace=1, job=1, share=1, run=RUN) for path in [*GETS, *POSTS, *WITHOUT_ID]}
    routes = {"/" + re.sub("<int:[a-z_]+>", "1", route).replace("<uuid:run_id>", RUN) for route, _, _ in ROUTES}
    assert routes - covered - TESTED_SEPARATELY == OPEN | FORMS_WITHOUT_PAGE | REDIRECT_TO_PROFILE


@pytest.mark.parametrize("path", [*GETS, *WITHOUT_ID])
def test_page_is_shown_to_its_owner(browser: Client, location: dict[str, object], path: str) -> None:
    response = browser.get(path.format(**location))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("htmx", [{}, HTMX])
def test_page_is_not_found_for_a_stranger(
    stranger: Client, location: dict[str, object], path: str, htmx: dict[str, str]
) -> None:
    response = stranger.get(path.format(**location), **htmx)  # type: ignore[arg-type]  # headers by name
    assert response.status_code in {404, 422}
    assert b"cell-atlas" not in response.content


@pytest.mark.parametrize("path", POSTS)
def test_form_does_nothing_for_a_stranger(
    stranger: Client, location: dict[str, object], workspace: Workspace, path: str
) -> None:
    response = stranger.post(path.format(**location), {"typed": "cell-atlas", "name": "mine now"})
    assert response.status_code == 404
    before = Workspace.objects.values().get(pk=workspace.pk)
    assert (before["name"], before["status"]) == ("cell-atlas", "idle")
    assert Job.objects.get().status == "running"
    assert (state_of(Share.objects.get()), Share.objects.get().is_accepted) == ("waiting", False)
    assert Run.objects.get().status == "finished"


def test_stranger_sees_nothing_in_the_list(stranger: Client, location: dict[str, object]) -> None:
    assert b"cell-atlas" not in stranger.get("/").content


@pytest.mark.parametrize("path", [*GETS, *WITHOUT_ID])
def test_page_redirects_to_the_login(client: Client, location: dict[str, object], path: str) -> None:
    shown = path.format(**location)
    response = client.get(shown)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={shown}")


@pytest.mark.parametrize("path", POSTS)
def test_form_redirects_to_the_login(client: Client, location: dict[str, object], path: str) -> None:
    response = client.post(path.format(**location))
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/")


def test_fragment_redirects_the_whole_page_to_the_login(client: Client, location: dict[str, object]) -> None:
    response = client.get("/", **HTMX, HTTP_HX_CURRENT_URL="http://testserver/?q=a&page=2")  # type: ignore[arg-type]  # headers by name
    assert response["HX-Redirect"] == "/login/?next=/%3Fq%3Da%26page%3D2"


@pytest.mark.parametrize("path", POSTS)
def test_form_needs_a_csrf_token(location: dict[str, object], ada: User, path: str) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(ada)
    assert careful.post(path.format(**location)).status_code == 403
    assert Job.objects.get().status == "running"


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
@pytest.mark.parametrize("path", [*GETS, *WITHOUT_ID])
def test_other_methods_are_not_allowed(browser: Client, location: dict[str, object], path: str, method: str) -> None:
    assert getattr(browser, method)(path.format(**location)).status_code == 405


@pytest.mark.parametrize(
    "path", ["/w/{workspace}/link/", "/session/{job}/again/", "/shared/{share}/accept/", "/logout/"]
)
def test_changes_are_not_possible_by_get(browser: Client, location: dict[str, object], path: str) -> None:
    assert browser.get(path.format(**location)).status_code == 405


@pytest.mark.parametrize("path", ["/w/{n}/", "/open/{n}/", "/session/{n}/log/"])
@pytest.mark.parametrize("number", ["0", "99999", "9" * 18, "9" * 40])
def test_page_of_an_unknown_id_is_not_found(browser: Client, path: str, number: str) -> None:
    assert browser.get(path.format(n=number)).status_code == 404


@pytest.mark.parametrize("path", ["/new", "/login"])
def test_path_without_its_slash_is_served(browser: Client, path: str) -> None:
    assert browser.get(path).status_code in {200, 302}


def test_service_and_inactive_accounts_are_logged_out(browser: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_service=True)
    assert browser.get("/").status_code == 302
    User.objects.filter(pk=ada.pk).update(is_service=False, is_active=False)
    assert browser.get("/").status_code == 302


def test_invalid_referrer_leads_to_the_start_page(browser: Client, site: Registry) -> None:
    part = Client().get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://["})
    assert part.headers["HX-Redirect"] == "/login/?next=/"
    form = browser.post("/w/1/stop/", headers={"Referer": "http://["})
    assert form.status_code < 500
