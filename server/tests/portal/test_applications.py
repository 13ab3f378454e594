"""Job types that the pages offer."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from django.test import Client

from user_workspaces import registry
from user_workspaces.interfaces.settings import JobTypeSettings
from user_workspaces.portal.applications import applications
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
Offer = Callable[[Mapping[str, bool | None]], None]


@pytest.fixture
def offer(site: Registry) -> Offer:
    """Configure job types with their `offered` setting."""

    def put(offered: Mapping[str, bool | None]) -> None:
        job_types = {name: JobTypeSettings(name=name, offered=value) for name, value in offered.items()}
        registry.install(site, replace(registry.site(), job_types=job_types))

    return put


@pytest.mark.parametrize(
    ("offered", "found"),
    [
        ({"jupyter_lab": None, "local_test": None}, ["jupyter_lab"]),
        ({"jupyter_lab": None, "local_test": True}, ["jupyter_lab", "local_test"]),
        ({"jupyter_lab": False, "local_test": True}, ["local_test"]),
        ({"local_test": None}, ["local_test"]),
        ({"jupyter_lab": False, "local_test": False}, ["jupyter_lab", "local_test"]),
    ],
)
def test_applications_follow_type_and_configuration(
    offer: Offer, offered: dict[str, bool | None], found: list[str]
) -> None:
    offer(offered)
    assert list(applications()) == found


def test_default_job_type_of_a_workspace_is_offered(site: Registry, browser: Client, workspace: Workspace) -> None:
    assert list(applications(also="local_test")) == ["jupyter_lab", "local_test"]
    Workspace.objects.filter(pk=workspace.pk).update(default_job_type="local_test")
    for page in ("launch", "settings"):
        assert b"local_test" in browser.get(f"/w/{workspace.pk}/{page}/").content
    sent = {"name": "new", "description": "", "default_job_type": "local_test"}
    assert browser.post(f"/w/{workspace.pk}/settings/", sent).status_code == 302


def test_forms_offer_only_applications(browser: Client, workspace: Workspace) -> None:
    for page in (f"/w/{workspace.pk}/launch/", f"/w/{workspace.pk}/settings/", "/new/"):
        assert b"local_test" not in browser.get(page).content


def test_api_lists_all_job_types(browser: Client, site: Registry) -> None:
    assert set(browser.get("/job_types/").json()["data"]["job_types"]) == {"jupyter_lab", "local_test"}
