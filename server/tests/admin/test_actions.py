"""Actions of administrators, with confirmation where they cannot be undone."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from admin.conftest import World
from user_workspaces.accounts.models import ApiToken, ExternalIdentity, LoginLink, User
from user_workspaces.jobs.models import Job
from user_workspaces.quotas.models import Quota
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.quotas.values import GIBIBYTE
from user_workspaces.sharing.models import Mail, Share
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def act(browser: Client, table: str, action: str, *rows: int, confirmed: bool = True) -> HttpResponse:
    form = {"action": action, "_selected_action": [str(row) for row in rows]}
    response = browser.post(f"/admin/{table}/", {**form, "confirmed": "yes"} if confirmed else form, follow=confirmed)
    assert isinstance(response, HttpResponse)
    assert response.status_code == 200
    return response


def notes() -> list[str]:
    return list(LogEntry.objects.order_by("id").values_list("change_message", flat=True))


def test_deactivation_is_confirmed_and_ends_everything(browser: Client, world: World) -> None:
    theirs = Client()
    theirs.force_login(world.ada)
    asked = act(browser, "accounts/user", "deactivate", world.ada.pk, confirmed=False)
    assert b"Deactivate these users?" in asked.content
    assert b"<li>ada</li>" in asked.content
    assert User.objects.get(pk=world.ada.pk).is_active
    act(browser, "accounts/user", "deactivate", world.ada.pk)
    ada = User.objects.get(pk=world.ada.pk)
    assert (ada.is_active, ada.session_epoch) == (False, world.ada.session_epoch + 1)
    assert not ApiToken.objects.filter(user=ada).exists()
    assert not LoginLink.objects.filter(user=ada).exists()
    assert Job.objects.get().status == "stopping"
    assert theirs.get("/")["Location"].startswith("/login/")
    assert notes() == ["Deactivated."]
    act(browser, "accounts/user", "activate", world.ada.pk)
    assert User.objects.get(pk=world.ada.pk).is_active
    assert theirs.get("/").status_code == 302  # the old log-in stays dead


def test_administrators_cannot_deactivate_themselves(browser: Client, operator: User) -> None:
    act(browser, "accounts/user", "deactivate", operator.pk)
    assert User.objects.get(pk=operator.pk).is_active


def test_logging_out_everywhere_leaves_tokens_and_jobs(browser: Client, world: World, operator: User) -> None:
    laptop, phone = Client(), Client()
    for client in (laptop, phone):
        client.force_login(world.ada)
    act(browser, "accounts/user", "log_out_everywhere", world.ada.pk)
    assert [client.get("/").status_code for client in (laptop, phone)] == [302, 302]
    assert browser.get("/admin/").status_code == 200
    assert User.objects.get(pk=world.ada.pk).session_epoch == world.ada.session_epoch + 1
    assert ApiToken.objects.filter(user=world.ada).count() == 1
    assert Job.objects.get().status == "running"


def test_tokens_are_revoked(browser: Client, world: World) -> None:
    asked = act(browser, "accounts/apitoken", "revoke", world.token.pk, confirmed=False)
    assert b"Revoke 1 tokens?" in asked.content
    assert ApiToken.objects.count() == 2
    act(browser, "accounts/apitoken", "revoke", world.token.pk, world.client_token.pk)  # the second is not listed here
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["portal"]
    act(browser, "administration/clienttoken", "revoke", world.client_token.pk)
    assert not ApiToken.objects.exists()


def test_workspaces_are_queued_for_deletion_with_their_jobs(browser: Client, world: World) -> None:
    asked = act(browser, "workspaces/workspace", "queue_for_deletion", world.workspace.pk, confirmed=False)
    assert b"permanently deleted" in asked.content
    assert Workspace.objects.get(pk=world.workspace.pk).status == "active"
    act(browser, "workspaces/workspace", "queue_for_deletion", world.workspace.pk)
    assert Workspace.objects.get(pk=world.workspace.pk).status == "deleting"
    assert Job.objects.get().status == "stopping"


def test_jobs_are_stopped_and_ended_ones_stay(browser: Client, world: World) -> None:
    act(browser, "jobs/job", "stop", world.job.pk, confirmed=False)
    assert Job.objects.get().status == "running"
    act(browser, "jobs/job", "stop", world.job.pk)
    assert Job.objects.get().status == "stopping"
    Job.objects.update(status="complete")
    act(browser, "jobs/job", "stop", world.job.pk)
    assert Job.objects.get().status == "complete"


def quota_form(prefix: str, **figures: str) -> dict[str, str]:
    return {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0", f"{prefix}-MAX_NUM_FORMS": "1",
            **{f"{prefix}-0-{name}": value for name, value in figures.items()}}  # fmt: skip


def test_quota_of_a_user_is_edited_on_the_user_page(browser: Client, world: World) -> None:
    form = quota_form("quota", disk_gb="1.5", core_hours="10", unlimited_sessions="on")
    response = browser.post(f"/admin/accounts/user/{world.ada.pk}/change/", {"email": "ada@example.org", **form})
    assert response.status_code == 302
    allowance = allowance_of(world.ada.pk)
    assert (allowance.disk_bytes, allowance.core_hours) == (GIBIBYTE * 3 // 2, Decimal(10))


def test_quota_of_a_group_is_edited_on_the_group_page(browser: Client, world: World) -> None:
    world.ada.groups.add(world.group)
    form = {**quota_form("quota", running_sessions="4"), "quota-INITIAL_FORMS": "1", "name": "pilots",
            "quota-0-id": str(world.quota.pk), "quota-0-group": str(world.group.pk)}  # fmt: skip
    assert browser.post(f"/admin/auth/group/{world.group.pk}/change/", form).status_code == 302
    assert allowance_of(world.ada.pk).running_sessions == 4


@pytest.mark.parametrize("figures", [{"disk_gb": "-1"}, {"core_hours": "x"}, {"running_sessions": "-1"}])
def test_invalid_limits_are_refused(browser: Client, world: World, figures: dict[str, str]) -> None:
    response = browser.post("/admin/quotas/quota/add/", {"user": str(world.ada.pk), **figures})
    assert response.status_code == 200
    assert b"errorlist" in response.content
    assert not Quota.objects.filter(user=world.ada).exists()


@pytest.mark.parametrize("both", [True, False])
def test_quota_belongs_to_a_user_or_a_group(browser: Client, world: World, *, both: bool) -> None:
    other = {"user": str(world.ada.pk), "group": str(world.group.pk)} if both else {}
    Quota.objects.all().delete()
    response = browser.post("/admin/quotas/quota/add/", {**other, "running_sessions": "1"})
    assert response.status_code == 200
    assert b"A quota is either a person" in response.content
    assert not Quota.objects.exists()


def test_failed_copy_is_retried(browser: Client, world: World) -> None:
    act(browser, "sharing/share", "try_again", world.share.pk)
    assert (Share.objects.get().state, notes()) == ("waiting", [])
    Share.objects.update(state="failed", message="no room", percent=40, next_check_at=None)
    Workspace.objects.filter(pk=world.share.pk).update(status="error")
    act(browser, "sharing/share", "try_again", world.share.pk)
    again = Share.objects.get()
    assert (again.state, again.message, again.percent, notes()) == ("waiting", "", 0, ["Copied again."])
    assert again.next_check_at is not None


def test_offer_is_withdrawn_after_confirmation_unless_accepted(browser: Client, world: World) -> None:
    asked = act(browser, "sharing/share", "withdraw", world.share.pk, confirmed=False)
    assert b"Withdraw 1 offers?" in asked.content
    assert Share.objects.get().state == "waiting"
    act(browser, "sharing/share", "withdraw", world.share.pk)
    assert (Share.objects.get().state, notes()) == ("withdrawn", ["Withdrawn."])
    Share.objects.update(state="ready", is_accepted=True)
    act(browser, "sharing/share", "withdraw", world.share.pk)
    assert Share.objects.get().state == "ready"


def test_failed_mail_is_retried_and_sent_one_is_not(browser: Client, world: World) -> None:
    act(browser, "sharing/mail", "try_now", world.mail.pk)
    assert Mail.objects.get().next_try_at is not None
    Mail.objects.update(next_try_at=None, sent_at=timezone.now())
    act(browser, "sharing/mail", "try_now", world.mail.pk)
    assert Mail.objects.get().next_try_at is None
    Mail.objects.update(sent_at=None)
    Share.objects.update(state="withdrawn")
    act(browser, "sharing/mail", "try_now", world.mail.pk)
    assert Mail.objects.get().next_try_at is None


def test_run_is_stopped_after_confirmation(browser: Client, world: World) -> None:
    form = {"action": "stop", "_selected_action": [str(world.run.pk)]}
    assert b"Stop 1 runs?" in browser.post("/admin/workflows/run/", form).content
    assert Run.objects.get().status == "queued"
    browser.post("/admin/workflows/run/", {**form, "confirmed": "yes"})
    assert (Run.objects.get().status, notes()) == ("stopped", ["Stopped."])


def test_identities_are_shown_read_only(browser: Client, world: World) -> None:
    ExternalIdentity.objects.create(user=world.ada, issuer="https://id.example.org", subject="ada-7")
    page = browser.get(f"/admin/accounts/user/{world.ada.pk}/change/").content
    assert b"ada-7" in page
    assert b"https://id.example.org" in page
