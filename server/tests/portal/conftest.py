"""Fixtures: browsers of users, a workspace, and jobs in every state."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.settings import JobTypeSettings
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import write_endpoint
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_job_type import FakeJobType, SessionOfAFile
from user_workspaces.workspaces.models import Workspace


@pytest.fixture(autouse=True, scope="session")
def static_root() -> None:
    """Create the folder of collected files, whose absence would be a warning and thus an error."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)


@pytest.fixture
def browser_of(site: Registry) -> Callable[[User], Client]:
    """Return a client in which a user is logged in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def ada(make_user: Callable[[str], User]) -> User:
    """The user who owns the workspace of most tests."""
    return make_user("ada")


@pytest.fixture
def browser(browser_of: Callable[[User], Client], ada: User) -> Client:
    """Ada's browser."""
    return browser_of(ada)


@pytest.fixture
def stranger(browser_of: Callable[[User], Client], make_user: Callable[[str], User]) -> Client:
    """The browser of another user."""
    return browser_of(make_user("mallory"))


@pytest.fixture
def workspace(workspace_of: Callable[..., Workspace], ada: User) -> Workspace:
    """One of Ada's workspaces."""
    return workspace_of(ada)


@pytest.fixture
def job_in() -> Callable[..., Job]:
    """Create a job in a given state."""

    def make(workspace: Workspace, status: str = "running", *, ready: bool = False, **fields: object) -> Job:
        now = timezone.now()
        values: dict[str, object] = {
            "owner": workspace.owner,
            "workspace": workspace,
            "job_type": "jupyter_lab",
            "resource": "local",
            "status": status,
            "submitted": True,
            "datetime_created": now - timedelta(minutes=2),
            "requested": {
                "job_details": {},
                "resource_options": {"num_cpus": 2, "memory_mb": 2048, "time_limit_min": 60},
            },
            "cpus": 2,
            "memory_mb": 2048,
            "time_limit_seconds": 3600,
        }
        if status in {"running", "stopping"}:
            values["datetime_start"] = now - timedelta(seconds=10)
        if status in {"complete", "failed"}:
            values["datetime_end"] = now
        if ready:
            values |= {"datetime_ready": now, "endpoint": write_endpoint(Endpoint(host="127.0.0.1", port=9))}
        return Job.objects.create(**{**values, **fields})

    return make


@pytest.fixture
def apps(site: Registry) -> Registry:
    """Add two applications: an editor, and one that runs a file."""
    for name, kind in (("editor", FakeJobType), ("streamlit", SessionOfAFile)):
        site.add(Declaration(PluginKind.JOB_TYPE, name, kind.__name__, {}, f"test.{name}"), kind.build(name))
    known = registry.site()
    job_types = {
        **known.job_types,
        "editor": JobTypeSettings("Editor", icon="code", description="Edits.", opens=("*.py", "*.Rmd")),
        "streamlit": JobTypeSettings("Streamlit", icon="dashboard", opens=("*.py",)),
    }
    registry.install(site, replace(known, job_types=job_types))
    return site
