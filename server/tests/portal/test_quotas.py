"""Quotas on pages: the bar, the warning, the core hours of a launch, and errors beside their fields."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.quotas.values import GIBIBYTE
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
HTMX: dict[str, Any] = {"headers": {"HX-Request": "true"}}
CHOICE = {
    "job_type": "jupyter_lab",
    "resource": "local",
    "option-num_cpus": "2",
    "option-memory_mb": "2048",
    "option-time_limit_min": "60",
}
Put = Callable[..., None]


def bar(content: bytes) -> list[str]:
    found = re.search(r'<p class="quota.*?</p>', content.decode(), re.DOTALL)
    return re.findall(r"<span.*?>(.*?)</span>", found[0]) if found else []


def test_pages_without_limits_show_no_quotas(browser: Client, workspace: Workspace) -> None:
    assert bar(browser.get("/").content) == []
    assert b"data-cost" not in browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content


def test_bar_shows_the_limited_quotas(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], limit: Put
) -> None:
    limit(core_hours=Decimal(100))
    job_in(workspace)
    assert bar(browser.get("/").content) == ["2 of 100 core h"]
    limit(disk_gb=Decimal(50), running_sessions=3)
    Workspace.objects.update(disk_space=12 * GIBIBYTE)
    assert bar(browser.get("/").content) == ["disk 12 of 50 GiB", "2 of 100 core h", "1 of 3 sessions"]


@pytest.mark.parametrize(
    ("used", "text"),
    [(0, "disk 0 of 50 GiB"), (5 << 20, "disk 5 MiB of 50 GiB"), (GIBIBYTE * 3 // 2, "disk 1.5 of 50 GiB")],
)
def test_bar_shows_small_amounts_in_small_units(
    browser: Client, workspace: Workspace, limit: Put, used: int, text: str
) -> None:
    limit(disk_gb=Decimal(50))
    Workspace.objects.update(disk_space=used)
    assert bar(browser.get("/").content) == [text]


def test_exceeded_disk_quota_is_a_warning_on_every_page(browser: Client, workspace: Workspace, limit: Put) -> None:
    limit(disk_gb=Decimal(1), contact="it@example.org")
    Workspace.objects.update(disk_space=2 * GIBIBYTE)
    for path in ("/", f"/w/{workspace.pk}/", "/new/"):
        content = browser.get(path).content
        assert b"You use 2 GiB of disk; your quota is 1 GiB." in content
        assert b"quota-over" in content


def test_launch_shows_its_core_hours(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], limit: Put
) -> None:
    limit(core_hours=Decimal(71))
    job_in(workspace)
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert " ".join(re.sub("<.*?>", "", content[content.index("This uses") :].split("</p>")[0]).split()) == (
        "This uses 2 of your 69 core hours."
    )
    assert 'data-left="69"' in content
    assert 'data-cpus="option-num_cpus"' in content
    assert 'data-minutes="option-time_limit_min"' in content


def test_launch_beyond_the_core_hours_is_an_error_of_the_time(
    browser: Client, workspace: Workspace, limit: Put
) -> None:
    limit(core_hours=Decimal("1.5"))
    response = browser.post(f"/w/{workspace.pk}/launch/", CHOICE, **HTMX)
    assert response.status_code == 422
    field = response.content.decode().split('for="id_option-time_limit_min"')[1]
    assert "more than your quota of 1.5" in field.split("</ul>")[0]
    assert b"quota-over" in response.content
    assert not Job.objects.exists()


@pytest.mark.parametrize("rules", [{"running_sessions": 0}, {"disk_gb": Decimal(0)}])
def test_launch_beyond_other_quotas_is_an_error_of_the_form(
    browser: Client, workspace: Workspace, limit: Put, rules: dict[str, Any]
) -> None:
    Workspace.objects.update(disk_space=4096)
    limit(**rules)
    response = browser.post(f"/w/{workspace.pk}/launch/", CHOICE, **HTMX)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode().split("<fieldset")[0]
    assert b"For more, ask the operators of this server." in response.content


@pytest.mark.parametrize("text", ["", "x", "-3", "1.5", "nan", "inf", "9" * 400])
def test_launch_with_invalid_numbers_still_shows_the_form(
    browser: Client, workspace: Workspace, limit: Put, text: str
) -> None:
    limit(core_hours=Decimal(10))
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "option-time_limit_min": text}, **HTMX)
    assert response.status_code == 422
    assert b"This uses" in response.content


def test_launch_again_beyond_the_quota_is_a_message(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], limit: Put
) -> None:
    old = job_in(workspace, "complete")
    limit(running_sessions=0)
    response = browser.post(f"/session/{old.pk}/again/", follow=True)
    assert b"You have 0 of 0 sessions." in response.content


def test_upload_beyond_the_quota_is_a_message(browser: Client, workspace: Workspace, limit: Put) -> None:
    limit(disk_gb=Decimal(4096) / GIBIBYTE)
    files = [SimpleUploadedFile("a.txt", b"1"), SimpleUploadedFile("b.txt", b"2")]
    response = browser.post(f"/w/{workspace.pk}/files/", {"folder": "", "files": files}, follow=True)
    assert b"1 file uploaded." in response.content
    assert b"b.txt was not saved: This needs 4 KiB on disk, and 0 B of your 4 KiB are left." in response.content


def test_new_workspace_beyond_the_quota_stays_on_the_form(browser: Client, ada: User, limit: Put) -> None:
    limit(disk_gb=Decimal(0))
    response = browser.post("/new/", {"name": "atlas", "links-TOTAL_FORMS": "0", "links-INITIAL_FORMS": "0"})
    assert response.status_code == 422
    assert b"This needs 4 KiB on disk, and 0 B of your 0 B are left." in response.content
    assert b'value="atlas"' in response.content


def test_pages_make_one_query_for_quotas_and_five_more_with_limits(
    browser: Client, workspace: Workspace, limit: Put, django_assert_num_queries: Callable[[int], Any]
) -> None:
    limit(core_hours=Decimal(10), disk_gb=Decimal(10), running_sessions=5)
    with django_assert_num_queries(13):
        browser.get("/")
    with django_assert_num_queries(7):  # a fragment has no bar
        browser.get("/", **HTMX)


def test_administrators_see_the_administration_link(browser: Client, ada: User) -> None:
    assert b'href="/admin/"' not in browser.get("/").content
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    assert b'href="/admin/"' in browser.get("/").content
