"""The environment field of the launch form."""

from dataclasses import replace

import pytest
from django.test import Client

from portal.sessions.test_launch import CHOICE
from user_workspaces import registry
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_environment import FakeEnvironment
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.data]


@pytest.fixture
def science(site: Registry) -> FakeEnvironment:
    environment = FakeEnvironment.build("science")
    site.environments.add("science", environment)
    registry.install(site, replace(registry.site(), environments={"science": "Science 2026"}))
    return environment


def test_launch_without_named_environments_has_no_choice(browser: Client, workspace: Workspace) -> None:
    assert "Environment" not in browser.get(f"/w/{workspace.pk}/launch/").content.decode()


def test_launch_offers_named_environments_after_the_default(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    content = browser.get(f"/w/{workspace.pk}/launch/").content.decode()
    assert content.index("Default") < content.index('<option value="science">Science 2026')


def test_launch_uses_and_remembers_the_chosen_environment(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": "science"})
    assert Job.objects.get().job_details == {"environment": "science"}
    assert '<option value="science" selected' in browser.get(f"/w/{workspace.pk}/launch/").content.decode()


def test_launch_with_the_default_environment_requests_none(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": ""})
    assert Job.objects.get().job_details == {}


def test_unknown_environment_is_rejected(browser: Client, workspace: Workspace, science: FakeEnvironment) -> None:
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": "other"})
    assert (response.status_code, Job.objects.count()) == (422, 0)
    assert "Select a valid choice" in response.content.decode()


def test_removed_environment_is_not_preselected(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": "science"})
    science.resources = ()
    assert "science" not in browser.get(f"/w/{workspace.pk}/launch/").content.decode()
