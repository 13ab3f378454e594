"""The choice of an environment in the form of a launch."""

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


def test_site_without_named_environments_asks_nothing(browser: Client, workspace: Workspace) -> None:
    assert "Environment" not in browser.get(f"/w/{workspace.pk}/launch/").content.decode()


def test_launch_offers_named_environments_after_the_usual_one(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    content = browser.get(f"/w/{workspace.pk}/launch/").content.decode()
    assert content.index("Default") < content.index('<option value="science">Science 2026')


def test_launch_takes_the_chosen_environment_and_remembers_it(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": "science"})
    assert Job.objects.get().job_details == {"environment": "science"}
    assert '<option value="science" selected' in browser.get(f"/w/{workspace.pk}/launch/").content.decode()


def test_launch_with_the_usual_one_says_nothing_of_it(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": ""})
    assert Job.objects.get().job_details == {}


def test_environment_that_is_not_offered_is_refused(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": "other"})
    assert (response.status_code, Job.objects.count()) == (422, 0)
    assert "Select a valid choice" in response.content.decode()


def test_environment_that_is_gone_is_not_chosen(
    browser: Client, workspace: Workspace, science: FakeEnvironment
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "environment": "science"})
    science.resources = ()
    assert "science" not in browser.get(f"/w/{workspace.pk}/launch/").content.decode()
