"""A browser whose session cookie is no longer valid, as after an update of the server, gets a new one by itself."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.tickets import Purpose, cookie_name, verify
from user_workspaces.workspaces.models import Workspace

MOST_REDIRECTS = 5


@pytest.mark.django_db
def test_cookie_of_earlier_release_is_replaced(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    now, workspace = timezone.now(), workspace_of(make_user())
    job = Job.objects.create(
        owner=workspace.owner, workspace=workspace, job_type="jupyter_lab", resource="local", status="running",
        submitted=True, datetime_created=now, datetime_start=now, datetime_ready=now,
    )  # fmt: skip
    browser = Client()
    browser.force_login(workspace.owner, settings.AUTHENTICATION_BACKENDS[0])
    browser.cookies[cookie_name(job.pk)] = f"{job.pk}.{workspace.owner_id}.0.9999999999.{'A' * 43}"
    url = f"http://s{job.pk}.localhost:8000/passthrough/local/{job.pk}/lab"
    hosts = []
    for _ in range(MOST_REDIRECTS):
        parts = urlsplit(url)
        hosts.append(parts.netloc)
        response = browser.get(f"{parts.path}?{parts.query}", HTTP_HOST=parts.netloc, HTTP_ACCEPT="text/html")
        if "Location" not in response:
            break
        location = response["Location"]
        url = location if "://" in location else f"http://{parts.netloc}{location}"
    assert hosts == [f"s{job.pk}.localhost:8000", "localhost:8000", *[f"s{job.pk}.localhost:8000"] * 2]
    cookie = browser.cookies[cookie_name(job.pk)].value
    assert verify(cookie, Purpose.COOKIE, job_id=job.pk, now=timezone.now()) is not None
