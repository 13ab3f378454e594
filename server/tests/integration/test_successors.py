"""The leases of a killed controller are taken over at once, those of a running one are not."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.cluster import Fleet, fleet
from support.server_process import Caller, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.soak]

HELD = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from user_workspaces.accounts.models import User
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.models import Job
now, owner = timezone.now(), User.objects.get(username="{user}")
until = now + timedelta(seconds=280)
with transaction.atomic():
    job = start_job(LaunchRequest(owner=owner, workspace_id={workspace}, job_type="local_test"), now=now)
    Job.objects.filter(pk=job.pk).update(next_check_at=until, lease_until=until, lease_holder="{holder}")
found = job.pk
"""
"""Claims a job for longer than a test waits, as an expiring lease would prove nothing."""


@pytest.fixture(scope="module")
def made() -> Iterator[Fleet]:
    with fleet(users=1, further={"UWS_LEASE_SECONDS": "600"}) as found:
        found.start_web()
        yield found


def holders(made: Fleet) -> set[str]:
    return {path.name for path in made.folder.glob("controllers/*")}


def held_by(made: Fleet, caller: Caller, holder: str) -> int:
    """Launch a job on which a controller has the lease."""
    number: int = made.ask(HELD.format(user=made.users[0], workspace=caller.make_workspace("held"), holder=holder))
    return number


def controller_health(made: Fleet) -> Any:
    response = httpx.get(f"{made.url()}/status/", timeout=30)
    assert response.status_code == 200, "sessions go on without a controller"
    return response.json()["dependencies"]["controller"]


def test_leases_of_a_killed_controller_are_due_at_once(made: Fleet) -> None:
    """Before: after a minute."""
    made.start_controller("first")
    (first,) = wait_for(lambda: holders(made))
    made.start_controller("second")
    caller = made.sign_in(made.users[0])
    with caller.http:
        job = held_by(made, caller, first)
        caller.wait_until(caller.launch(caller.make_workspace("meanwhile"), "local_test"), "complete")
        assert caller.job(job)["status"] == "pending", "the first lives"
        made.kill("first")
        caller.wait_until(job, "complete", within=60)
    wait_for(lambda: controller_health(made)["connected"])


@pytest.mark.soak
def test_new_controller_takes_over_at_once(made: Fleet) -> None:
    """Before: after a minute."""
    (second,) = wait_for(lambda: holders(made) if len(holders(made)) == 1 else None)
    made.kill("second")
    wait_for(lambda: controller_health(made)["message"].startswith("No running controller was found"))
    caller = made.sign_in(made.users[0])
    with caller.http:
        job = held_by(made, caller, second)
        made.start_controller("third")
        caller.wait_until(job, "complete", within=60)
    assert "a controller died with" in made.log("third")
