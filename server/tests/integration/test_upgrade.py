"""A data folder of the version before is upgraded by `migrate`, with all that users have in it."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from support.cluster import Fleet, fleet, own_database
from support.portal_visitor import TOKEN
from support.server_process import Caller, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.data, pytest.mark.soak]

BEFORE = {"accounts": "0004", "quotas": "0003", "workflows": "0006"}
"""The last migration of each feature in the version before."""
GO_BACK = """
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from user_workspaces.workspaces.models import Workspace
workspace = Workspace.objects.get(pk={workspace})
for feature, migration in {before}.items():
    call_command("migrate", feature, migration, verbosity=0, skip_checks=True)
with connection.cursor() as cursor:
    cursor.execute(
        "INSERT INTO quotas_diskreservation (user_id, place, size, expires_at, upload) VALUES (%s, %s, %s, %s, '')",
        [workspace.owner_id, workspace.pk, 4096, timezone.now()],
    )
    cursor.execute(
        "INSERT INTO accounts_rememberedtext (digest, value, expires_at) VALUES (%s, %s, %s)",
        ["a" * 64, "", timezone.now()],
    )
found = 0
"""
COUNT = """
from user_workspaces.accounts.models import OneTimeValue
from user_workspaces.quotas.models import DiskReservation
found = [OneTimeValue.objects.filter(digest="a" * 64).count(), DiskReservation.objects.filter(size=4096).count()]
"""
STEP = {"environment": "python:3.12", "commands": ["mkdir -p results; echo done > results/word.txt"]}
WORKFLOW = {
    "version": "0.9.4",
    "workflow": {"type": "serial", "specification": {"steps": [STEP]}},
    "outputs": {"files": ["results/word.txt"]},
}


@pytest.fixture
def cluster() -> Iterator[Fleet]:
    """An installation on the database that the tests run on."""
    server = os.environ.get("UWS_TEST_DATABASE", "")
    with ExitStack() as stack:
        further = {"DATABASE_URL": stack.enter_context(own_database(server))} if server else {}
        made = stack.enter_context(fleet(further=further))
        start(made)
        yield made


def start(cluster: Fleet) -> None:
    cluster.start_web()
    cluster.start_controller()


def stop(cluster: Fleet) -> None:
    for name in ("web", "controller"):
        cluster.kill(name)


def run_workflow(caller: Caller, workspace: int, name: str) -> None:
    """Run the workflow of a workspace to its end."""
    specification = ("reana.yaml", json.dumps(WORKFLOW))
    caller.http.put(f"/workspaces/{workspace}/upload/", files={"files": specification}).raise_for_status()
    started = caller.call("POST", f"/workspaces/{workspace}/runs/", json={"name": name})["run"]

    def status() -> str | None:
        runs = caller.call("GET", f"/workspaces/{workspace}/runs/")["runs"]
        (found,) = [one["status"] for one in runs if one["id"] == started["id"]]
        return found if found in {"finished", "failed"} else None

    assert wait_for(status, what="the end of the run") == "finished"


def share(sender: Caller, workspace: int, receiver: Caller, name: str) -> int:
    """Share a workspace; return the number of the copy, which is accepted."""
    (user,) = sender.call("GET", "/users/", params={"search": name})["users"]
    body = {"original_workspace_id": workspace, "shared_user_ids": [user["id"]]}
    (made,) = sender.call("POST", "/shared_workspaces/", json=body)["shared_workspaces"]
    number: int = made["shared_workspace_id"]["id"]

    def state() -> bool:
        (copy,) = receiver.call("GET", f"/shared_workspaces/{number}/")["shared_workspaces"]
        return bool(copy["copy_details"]["state"] == "ready")

    wait_for(state, what="the copy")
    receiver.call("PUT", f"/shared_workspaces/{number}/accept/")
    return number


def all_of(caller: Caller) -> dict[str, Any]:
    """Return all that a user has, without the numbers that pass with time."""
    workspaces = caller.call("GET", "/workspaces/")["workspaces"]
    return {
        "workspaces": {(one["id"], one["name"], one["status"]) for one in workspaces},
        "files": {one["id"]: one["workspace_details"]["current_workspace_details"] for one in workspaces},
        "jobs": {(one["id"], one["status"]) for one in caller.call("GET", "/jobs/")["jobs"]},
        "runs": [
            (run["id"], run["name"], run["status"])
            for one in workspaces
            for run in caller.call("GET", f"/workspaces/{one['id']}/runs/")["runs"]
        ],
        "shares": sorted(one["shared_workspace_id"]["id"] for one in shares_of(caller)),
    }


def shares_of(caller: Caller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.call("GET", "/shared_workspaces/")["original_workspaces"]
    return found


def test_data_folder_of_the_version_before_loses_nothing(cluster: Fleet) -> None:
    ada, grace = (cluster.sign_in(name) for name in cluster.users)
    with ada.http, grace.http:
        workspace = ada.make_workspace()
        ada.wait_until(ada.launch(workspace, "local_test"), "complete")
        run_workflow(ada, workspace, "before")
        share(ada, workspace, grace, cluster.users[1])
        before = all_of(ada), all_of(grace)
        stop(cluster)
        cluster.ask(GO_BACK.format(workspace=workspace, before=BEFORE))
        cluster.manage("migrate", "--verbosity=0", "--skip-checks")
        assert cluster.ask(COUNT) == [1, 1]
        start(cluster)
        assert (all_of(ada), all_of(grace)) == before  # with the tokens of before
        ada.wait_until(ada.launch(workspace, "local_test"), "complete")
        run_workflow(ada, workspace, "after")
        share(ada, workspace, grace, cluster.users[1])
        assert "cell-atlas" in portal_of(cluster, cluster.users[0])


def portal_of(cluster: Fleet, username: str) -> str:
    """Log in by a link; return the text of the list of workspaces."""
    link = cluster.manage("login_link", username).split()[-1]
    path = f"/login/{link.rstrip('/').rpartition('/')[2]}/"
    with httpx.Client(base_url=cluster.url(), follow_redirects=True) as browser:
        token = TOKEN.search(browser.get(path).text)
        assert token
        page = browser.post(path, data={"csrfmiddlewaretoken": token[1]}, headers={"Origin": cluster.url()})
        return page.raise_for_status().text
