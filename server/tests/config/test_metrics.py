"""`/metrics`: access with the token, no names of users, and a report when the database is unreachable."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest

from user_workspaces.accounts.models import User
from user_workspaces.config import env
from user_workspaces.config.metrics import KEPT_FOR, READY_SECONDS, JobMetrics
from user_workspaces.errors import ConfigurationError
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture
def job(make_user: Callable[[str], User], workspace_of: Callable[..., Workspace]) -> Job:
    ada = make_user("kanarienvogel")
    workspace = workspace_of(ada, "kanarienvogel-name")
    launch = LaunchRequest(owner=ada, workspace_id=workspace.pk, job_type="jupyter_lab")
    return start_job(launch, now=timezone.now())


def shown(path: str = "/metrics", authorization: str = f"Bearer {TOKEN}") -> tuple[int, str]:
    response = Client().get(path, headers={"Authorization": authorization})
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
def test_metrics_are_shown_with_the_token(token: None, path: str) -> None:
    Client().get("/status/")
    status, text = shown(path)
    assert status == 200
    assert 'uws_requests_total{method="GET",route="/status",status="200"}' in text
    assert "# TYPE uws_controller_pass_seconds histogram" in text


@pytest.mark.parametrize("authorization", ["", "Bearer x", TOKEN, "Token " + TOKEN])
def test_wrong_token_gets_404(token: None, authorization: str) -> None:
    assert shown(authorization=authorization)[0] == 404


def test_metrics_are_disabled_without_a_configured_token(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert shown(authorization="Bearer ")[0] == 404


def test_unknown_paths_do_not_appear_in_the_metrics(token: None) -> None:
    for number in range(20):
        Client().get(f"/kanarienvogel/{number}")
        Client().get(f"/workspaces/{number}/kanarienvogel/")
    assert "kanarienvogel" not in shown()[1]


def collected(figures: JobMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(figures)
    return generate_latest(registry).decode()


def test_jobs_are_reported_from_the_database(job: Job) -> None:
    Job.objects.update(next_check_at=timezone.now() - timedelta(seconds=100))
    text = collected(JobMetrics(now=timezone.now()))
    assert "uws_database_up 1.0" in text
    assert 'uws_jobs{job_type="jupyter_lab",resource="local",status="pending"} 1.0' in text
    assert 'uws_launches_total{job_type="jupyter_lab",resource="local"} 1.0' in text
    lag = float(text.split("\nuws_controller_due_lag_seconds ")[1].split()[0])
    assert 100 <= lag < 200
    assert "kanarienvogel" not in text


def ready_count() -> float:
    samples = READY_SECONDS.labels("jupyter_lab", "local")._child_samples()
    return next(sample.value for sample in samples if sample.name == "_count")


def test_a_session_that_became_ready_is_counted_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("user_workspaces.config.metrics.KEPT_FOR", -1.0)
    began, before = timezone.now(), ready_count()
    figures = JobMetrics(now=began)
    Job.objects.update(datetime_ready=began - timedelta(seconds=1))
    collected(figures)
    assert ready_count() == before  # it was ready before this process started
    launch = LaunchRequest(owner=job.owner, workspace_id=job.workspace_id, job_type="jupyter_lab")
    other = start_job(launch, now=began)
    Job.objects.filter(pk=other.pk).update(datetime_ready=began + timedelta(seconds=2))
    for _ in range(3):
        collected(figures)
    assert ready_count() == before + 1


def test_database_is_not_queried_for_each_scrape(job: Job, django_assert_num_queries: Any) -> None:
    figures = JobMetrics(now=timezone.now())
    assert KEPT_FOR > 1
    with django_assert_num_queries(3):
        texts = {collected(figures) for _ in range(5)}
    assert len(texts) == 1


def test_unreachable_database_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> list[object]:
        raise OperationalError("no such host: db.internal")

    monkeypatch.setattr("user_workspaces.jobs.metrics.groups", away)
    text = collected(JobMetrics(now=timezone.now()))
    assert "uws_database_up 0.0" in text
    assert "internal" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("9100", ("127.0.0.1", 9100)), ("0.0.0.0:9100", ("0.0.0.0", 9100)), ("[::1]:9100", ("::1", 9100))],  # noqa: S104  it is only read
)
def test_address_of_the_metrics(monkeypatch: pytest.MonkeyPatch, text: str, expected: object) -> None:
    monkeypatch.setenv("UWS_METRICS_PORT", text)
    assert env.address("UWS_METRICS_PORT") == expected


@pytest.mark.parametrize("text", ["x", "host:", "70000", "host:0"])
def test_invalid_addresses_are_reported(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("UWS_METRICS_PORT", text)
    with pytest.raises(ConfigurationError, match="UWS_METRICS_PORT"):
        env.address("UWS_METRICS_PORT")


def test_a_weak_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UWS_METRICS_TOKEN", "secret")
    with pytest.raises(ConfigurationError, match="UWS_METRICS_TOKEN"):
        env.metrics_token()
