"""`/jobs/`: reading and stopping jobs."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from api.conftest import Caller, launch
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.tickets import Purpose, verify
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def test_pending_job(ada: Caller, job: Job) -> None:
    shown = ada("GET", f"/jobs/{job.pk}/").body["data"]["jobs"][0]
    assert shown.pop("datetime_created").endswith("+00:00")
    assert shown == {
        "id": job.pk,
        "workspace_id": job.workspace_id,
        "resource_job_id": -1,
        "job_type": "local_test",
        "status": "pending",
        "datetime_start": None,
        "datetime_end": None,
        "core_hours": "0.00000",
        "job_details": {
            "metrics": {},
            "request_job_details": {"resource_options": {}},
            "current_job_details": {"message": "Waiting for the resource."},
        },
    }


def test_ready_session_has_its_url(ada: Caller, workspace: Workspace) -> None:
    job, start = launch(workspace, "jupyter_lab"), timezone.now() - timedelta(minutes=30)
    Job.objects.update(
        status="running",
        message="Webserver ready.",
        datetime_created=start - timedelta(seconds=4),
        datetime_start=start,
        datetime_ready=start + timedelta(seconds=9),
        time_limit_seconds=3600,
        resource_job_id=77,
        cpus=4,
    )
    shown = ada("GET", "/jobs").body["data"]["jobs"][0]
    details = shown["job_details"]["current_job_details"]
    assert shown["job_details"]["metrics"] == {"time_pending": 4.0, "time_init": 9.0}
    assert Decimal(shown["core_hours"]) == pytest.approx(Decimal(2), abs=Decimal("0.01"))
    assert 1700 <= details.pop("time_left") <= 1800
    connection = details.pop("connection_details")
    assert details == {
        "message": "Webserver ready.",
        "proxy_details": {"hostname": "local", "port": 8000, "path": f"/passthrough/local/{job.pk}/"},
    }
    assert connection["url_domain"] == f"http://s{job.pk}.localhost:8000"
    path, _, ticket = connection["url_path"].partition("?ticket=")
    assert path == f"/passthrough/local/{job.pk}/lab"
    claim = verify(ticket, Purpose.TICKET, job_id=job.pk, now=timezone.now())
    assert claim is not None
    assert claim.user_id == job.owner_id


def test_ended_job_has_no_url(ada: Caller, workspace: Workspace) -> None:
    launch(workspace, "jupyter_lab")
    Job.objects.update(
        status="complete", datetime_start=timezone.now(), datetime_ready=timezone.now(), core_hours="1.5"
    )
    shown = ada("GET", "/jobs/").body["data"]["jobs"][0]
    assert shown["job_details"]["current_job_details"] == {"message": "Waiting for the resource."}
    assert Decimal(shown["core_hours"]) == Decimal("1.5")


@pytest.mark.parametrize("secret", ["secret", "endpoint", "log_tail", "key"])
def test_no_secret_is_shown(ada: Caller, job: Job, secret: str) -> None:
    Job.objects.update(endpoint="the-endpoint", log_tail="the-log")
    job.refresh_from_db()
    assert str(getattr(job, secret)) not in str(ada("GET", "/jobs/").body)


def test_filters_are_exact(ada: Caller, workspace: Workspace) -> None:
    first, _ = launch(workspace), launch(workspace, "jupyter_lab")
    Job.objects.filter(pk=first.pk).update(resource_job_id=5, status="failed")
    for query, total in (
        (f"workspace_id={workspace.pk}", 2), ("workspace_id=0", 0), ("resource_job_id=5", 1), ("resource_job_id=-1", 1),
        ("job_type=local_test", 1), ("job_type=local", 0), ("status=failed", 1), ("status=%00", 0),
        (f"workspace_id={'9' * 18}", 0), ("is_accepted=true", 2), ("status=failed&status=pending", 1),
    ):  # fmt: skip
        response = ada("GET", f"/jobs/?{query}")
        assert response.body["data"]["total"] == total, query
        assert response.message == ("Successful." if total else "Job matching given parameters could not be found.")


@pytest.mark.parametrize("name", ["workspace_id", "resource_job_id"])
@pytest.mark.parametrize("text", ["abc", "", "1.5", "--1", "9" * 19, "\u0663", "null", "[1]"])
def test_invalid_numbers_are_refused(ada: Caller, name: str, text: str) -> None:
    response = ada("GET", f"/jobs/?{name}={text}")
    assert (response.status, response.message) == (400, f"{name} must be a number.")


def test_job_is_stopped(ada: Caller, job: Job) -> None:
    Job.objects.update(submitted=True)
    assert ada("PUT", f"/jobs/{job.pk}/stop").message == "Job queued to stop."
    response = ada("PUT", f"/jobs/{job.pk}/stop/")
    assert (response.status, response.message) == (400, "This job is not running or pending.")


def test_unclaimed_job_is_stopped_at_once(ada: Caller, job: Job) -> None:
    assert ada("PUT", f"/jobs/{job.pk}/stop/", b"not json", content_type="x").message == "Successful stop."
    assert Job.objects.get().status == "complete"


def test_unknown_actions_are_refused(ada: Caller, job: Job) -> None:
    response = ada("PUT", f"/jobs/{job.pk}/pause/")
    assert (response.status, response.message) == (400, "Invalid PUT type passed.")


def test_jobs_remain_after_their_workspace_is_deleted(ada: Caller, workspace: Workspace, job: Job) -> None:
    number = workspace.pk
    Job.objects.update(status="complete")
    Workspace.objects.all().delete()
    assert ada("GET", f"/jobs/?workspace_id={number}").body["data"]["total"] == 1


def test_job_of_a_removed_resource_is_shown(ada: Caller, job: Job) -> None:
    Job.objects.update(resource="gone", status="running", datetime_ready=timezone.now(), job_type="gone")
    assert ada("GET", "/jobs/").body["data"]["total"] == 1


def test_job_ids_do_not_reveal_other_jobs(call: Callable[..., Caller], job: Job) -> None:
    response = call("mallory")("PUT", f"/jobs/{job.pk}/stop/")
    assert (response.status, response.message) == (404, f"Job {job.pk} not found for user.")
