"""Quotas and the administration in a real browser, under the content security policy."""

import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from e2e.conftest import QUIET
from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.quotas.models import Quota
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.slow, pytest.mark.once]
Person = Callable[..., User]
Walk = Callable[[Page, str], None]


@pytest.fixture
def walk(live_server: LiveServer, settings: Any) -> Callable[[User, Walk], list[str]]:
    """Use a browser and return its console errors."""
    # Its handler serves static files under their plain names
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    if shutil.which("chromium") is None:
        pytest.skip("NOT RUN: there is no chromium on this machine")

    def run(user: User, steps: Walk) -> list[str]:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        key = str(session.session_key)
        with ThreadPoolExecutor(1) as alone:  # its driver keeps an event loop running, which Django would refuse
            return alone.submit(_in_browser, live_server.url, key, steps).result()

    return run


def _in_browser(url: str, session: str, steps: Walk) -> list[str]:
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page = context.new_page()
        page.on("console", lambda said: found.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: found.append(str(error)))
        try:
            steps(page, url)
        except BaseException:
            picture(page, "failed")
            raise
        finally:
            browser.close()
    # Django's server for tests speaks no WebSocket; see e2e/test_live_pages for what the pages say of those.
    return [text for text in found if not text.startswith("WebSocket connection to")]


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("UWS_TEST_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"quotas-{name}.png", full_page=True)


def choose_a_launch(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_label("Quotas")).to_have_text(re.compile(r"disk 12 of 50 GiB\s*0 of 100 core h"))
    page.get_by_role("link", name="cell-atlas").first.click()
    page.get_by_role("link", name=re.compile("^Launch")).first.click()
    cost = page.locator("#launch-cost")
    expect(cost).to_have_text("This uses 4 of your 100 core hours.")
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("CPUs", exact=True).fill("3")
    expect(cost).to_have_text("This uses 12 of your 100 core hours.")
    page.get_by_label("CPUs, slider").fill("16")
    expect(cost).to_have_text("This uses 64 of your 100 core hours.")
    picture(page, "launch")
    page.get_by_label("Time limit (minutes)", exact=True).fill("1440")
    expect(cost).to_have_text("This uses 384 of your 100 core hours.")
    expect(cost).to_have_class(re.compile("quota-over"))
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.locator(".field-wrong")).to_contain_text("more than your quota of 100")
    picture(page, "launch-refused")


def see_the_warning(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_text("You use 60 GiB of disk; your quota is 50 GiB.")).to_be_visible()
    picture(page, "over")


@pytest.mark.soak
def test_launch_counts_core_hours_while_the_slider_moves(
    walk: Callable[[User, Walk], list[str]],
    make_user: Person,
    workspace_of: Callable[..., Workspace],
    limit: Callable[..., None],
) -> None:
    limit(core_hours=Decimal(100), disk_gb=Decimal(50), contact="it@example.org")
    ada = make_user()
    workspace_of(ada)
    Workspace.objects.update(disk_space=12 * 1024**3)
    complaints = walk(ada, choose_a_launch)
    assert [text for text in complaints if "422" not in text] == []  # that one is the refusal itself
    assert not Job.objects.exists()
    Workspace.objects.update(disk_space=60 * 1024**3)
    assert walk(ada, see_the_warning) == []


def look_around(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_text("olga").click()
    page.get_by_role("link", name="Administration").click()
    picture(page, "admin-index")
    page.get_by_role("link", name="Running jobs").click()
    picture(page, "admin-running")
    page.get_by_role("link", name="local").click()
    expect(page.get_by_role("columnheader", name=re.compile("Status", re.IGNORECASE))).to_be_visible()
    picture(page, "admin-jobs")
    stop_a_job(page)
    limit_a_user(page, url)
    for table in ("accounts/apitoken", "administration/clienttoken", "auth/group/add", "workspaces/workspace"):
        page.goto(f"{url}/admin/{table}/")
        picture(page, f"admin-{table.replace('/', '-')}")


def stop_a_job(page: Page) -> None:
    page.locator("input.action-select").first.check()
    page.get_by_label("Action:").select_option("stop")
    page.get_by_role("button", name=re.compile("^(Go|Run)$")).click()
    expect(page.get_by_role("heading", name="Stop 1 jobs?")).to_be_visible()
    picture(page, "admin-confirm")
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("1 being stopped.")).to_be_visible()


def limit_a_user(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/accounts/user/")
    picture(page, "admin-people")
    page.get_by_role("link", name="ada", exact=True).click()
    page.locator("#id_quota-0-disk_gb").fill("1.5")
    picture(page, "admin-person")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.goto(f"{url}/admin/quotas/quota/add/")
    page.locator("span[aria-labelledby='select2-id_group-container']").click()
    expect(page.get_by_text("No results found")).to_be_visible()


def test_administration_works_under_the_content_security_policy(
    walk: Callable[[User, Walk], list[str]], make_user: Person, workspace_of: Callable[..., Workspace]
) -> None:
    ada, olga = make_user(), make_user("olga")
    User.objects.filter(pk=olga.pk).update(is_staff=True, is_superuser=True)
    workspace = workspace_of(ada)
    mint_token(user=ada, name="laptop", now=workspace.datetime_created)
    Job.objects.create(
        owner=ada, workspace=workspace, job_type="jupyter_lab", resource="local", status="running", submitted=True,
        datetime_created=workspace.datetime_created, datetime_start=workspace.datetime_created, memory_mb=4096,
    )  # fmt: skip
    assert walk(User.objects.get(pk=olga.pk), look_around) == []
    assert Quota.objects.get(user=ada).disk_gb == Decimal("1.5")
    assert Job.objects.get().status == "stopping"
