"""Watching jobs, as clients do it: over real sockets, with a real web process, from the rows of the database."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.utils import timezone

from support.budget import budget
from support.websocket_client import PATIENCE, Subscriber, WebProcess, change, handshake_error, watch
from user_workspaces.jobs.actions import change_status
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import JobStatus

Someone = Callable[[str], Subscriber]


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_job_is_reported_on_connect_and_on_every_change(server: WebProcess, ada: Subscriber, slash: str) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}{slash}", ada.token) as socket:
        assert socket.next() == {
            "status": "pending",
            "current_job_details": {"message": "Waiting for the resource."},
        }
        change_status(job=job, new=JobStatus.RUNNING, now=timezone.now(), message="Starting JupyterLab.")
        assert socket.next() == {"status": "running", "current_job_details": {"message": "Starting JupyterLab."}}
        change(job, message="Nearly there.")
        assert socket.next()["current_job_details"]["message"] == "Nearly there."
        change_status(job=job, new=JobStatus.COMPLETE, now=timezone.now(), message="Finished.")
        assert socket.next() == {"status": "complete", "current_job_details": {"message": "Finished."}}


@pytest.mark.parametrize("slash", ["", "/"])
def test_all_own_jobs_are_reported_with_their_ids(
    server: WebProcess, ada: Subscriber, mallory: Subscriber, slash: str
) -> None:
    first, second = ada.job(), ada.job("running", message="Running.")
    foreign = mallory.job()
    with watch(server, f"/jobs{slash}", ada.token) as socket:
        assert [socket.next()["id"], socket.next()["id"]] == [first.pk, second.pk]
        change(foreign, message="Secret.")
        change(second, message="Still running.")
        third = ada.job(message="The third.")
        told = {message["id"]: message["current_job_details"]["message"] for message in (socket.next(), socket.next())}
        assert told == {second.pk: "Still running.", third.pk: "The third."}
        assert socket.nothing_more()


def test_session_that_responses_is_reported_with_a_way_in(server: WebProcess, ada: Subscriber) -> None:
    now = timezone.now()
    job = ada.job("running", message="Starting.", datetime_start=now, time_limit_seconds=3600)
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        assert set(socket.next()["current_job_details"]) == {"message", "time_left"}
        change(job, message="Webserver ready.", datetime_ready=now)
        details = socket.next()["current_job_details"]
    assert details["connection_details"]["url_domain"] == f"http://s{job.pk}.localhost:{server.port}"
    assert details["connection_details"]["url_path"].startswith(f"/passthrough/local/{job.pk}/lab?ticket=")
    assert details["proxy_details"]["path"] == f"/passthrough/local/{job.pk}/"
    assert 3500 < details["time_left"] <= 3600


def test_time_that_passes_is_no_change(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job("running", datetime_start=timezone.now(), time_limit_seconds=60)
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
        change(job, next_check_at=timezone.now(), failed_checks=3, log_tail="line")
        assert socket.nothing_more()


def test_job_that_begins_and_ends_between_two_looks_is_reported(server: WebProcess, ada: Subscriber) -> None:
    with watch(server, "/jobs/", ada.token) as socket:
        job = ada.job("complete", message="Stopped before it started.")
        assert socket.next() == {
            "id": job.pk,
            "status": "complete",
            "current_job_details": {"message": "Stopped before it started."},
        }
        assert socket.nothing_more()


def test_jobs_that_ended_long_ago_are_not_reported_in_the_list(server: WebProcess, ada: Subscriber) -> None:
    before = timezone.now() - timedelta(hours=2)
    old, recent = ada.job("failed", datetime_end=before), ada.job("failed", message="Lately.")
    with watch(server, "/jobs/", ada.token) as socket:
        assert socket.next()["id"] == recent.pk
        assert socket.nothing_more()
    with watch(server, f"/jobs/{old.pk}/", ada.token) as socket:
        assert socket.next()["status"] == "failed"


def test_two_web_processes_report_the_same(server: WebProcess, second_server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    path = f"/jobs/{job.pk}/"
    with watch(server, path, ada.token) as here, watch(second_server, path, ada.token) as there:
        assert here.next() == there.next()
        for number in range(5):
            change(job, message=f"Step {number}.")
            assert here.until("pending", f"Step {number}.") == there.until("pending", f"Step {number}.")


def test_who_comes_back_is_reported_what_happened_meanwhile(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
    change(job, status="running", message="Running.")
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        assert socket.next()["status"] == "running"


def test_second_watcher_is_reported_the_state_and_the_first_nothing_new(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    with watch(server, "/jobs/", ada.token) as first:
        first.next()
        with watch(server, "/jobs/", ada.token) as second, watch(server, f"/jobs/{job.pk}", ada.token) as third:
            assert second.next()["id"] == job.pk
            assert third.next()["status"] == "pending"
            assert first.nothing_more()
            change(job, status="running")
            assert {socket.until("running")["status"] for socket in (first, second, third)} == {"running"}


def test_only_the_newest_state_counts(server: WebProcess, ada: Subscriber) -> None:
    """However fast it changes, the last message is the last state, and there are not more messages than looks."""
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
        for number in range(300):
            change(job, message=f"Step {number}.")
        begin, count = time.monotonic(), 1
        while socket.next()["current_job_details"]["message"] != "Step 299.":
            count += 1
            assert time.monotonic() - begin < PATIENCE
        assert count < 300


def test_administrator_watches_any_job_without_a_way_in(server: WebProcess, ada: Subscriber, someone: Someone) -> None:
    root = someone("root1")
    root.user.is_superuser = True
    root.user.save()
    now = timezone.now()
    job = ada.job("running", message="Webserver ready.", datetime_start=now, datetime_ready=now)
    with watch(server, f"/jobs/{job.pk}/", root.token) as socket, watch(server, f"/jobs/{job.pk}/", ada.token) as own:
        assert socket.next() == {"status": "running", "current_job_details": {"message": "Webserver ready."}}
        assert "connection_details" in own.next()["current_job_details"]
    with watch(server, "/jobs/", root.token) as socket:
        assert socket.nothing_more()


def test_job_that_vanishes_closes_its_watchers(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", ada.token) as socket:
        socket.next()
        job.delete()
        assert socket.close_code() == 4404


@pytest.mark.parametrize("path", ["/jobs/{id}", "/jobs/{id}/"])
def test_foreign_job_is_not_there(server: WebProcess, ada: Subscriber, mallory: Subscriber, path: str) -> None:
    job = ada.job()
    message = f"Job {job.pk} not found for user."
    assert handshake_error(server, path.format(id=job.pk), mallory.token) == (404, message)
    assert handshake_error(server, path.format(id=999_999), mallory.token) == (404, "Job 999999 not found for user.")


@pytest.mark.parametrize(
    "path", ["/", "/job/", "/jobs/x", "/jobs//", "/jobs/1/stop/", "/jobs/-1", "/jobs/9" + "9" * 18]
)
def test_path_that_leads_nowhere_is_refused(server: WebProcess, ada: Subscriber, path: str) -> None:
    assert handshake_error(server, path, ada.token) == (404, "Not found.")


def test_watchers_of_one_user_have_a_limit(server: WebProcess, ada: Subscriber, mallory: Subscriber) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(watch(server, "/jobs/", ada.token))
        assert handshake_error(server, "/jobs/", ada.token)[0] == 429
        with watch(server, "/jobs/", mallory.token) as socket:
            mallory.job()
            assert socket.next()["status"] == "pending"
    with watch(server, "/jobs/", ada.token) as socket:
        ada.job()
        assert socket.next()["status"] == "pending"


def test_ten_thousand_jobs_of_one_user_are_no_trouble(server: WebProcess, ada: Subscriber) -> None:
    before = timezone.now() - timedelta(days=3)
    shared = {"owner": ada.user, "workspace_id": 1, "job_type": "jupyter_lab", "resource": "local"}
    Job.objects.bulk_create(
        Job(status="complete", datetime_created=before, datetime_end=before, log_tail="x" * 4000, **shared)
        for _ in range(budget(1_000, full=10_000))
    )
    live = ada.job("running", message="Running.")
    with watch(server, "/jobs/", ada.token) as socket:
        assert socket.next()["id"] == live.pk
        assert socket.nothing_more()
        change(live, message="Goes on.")
        assert socket.next()["current_job_details"]["message"] == "Goes on."
