"""The sharing pages: received offers, sent offers, and the search for users."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from support.fake_copies import make_copies, offer
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.settings import UserSearch
from user_workspaces.jobs.models import Job
from user_workspaces.portal.presenters.share import share_state
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.sharing.models import Share, ShareState
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def grace(make_user: Callable[[str], User]) -> User:
    found = make_user("grace")
    User.objects.filter(pk=found.pk).update(first_name="Grace", last_name="Hopper")
    return User.objects.get(pk=found.pk)


@pytest.fixture
def graces_browser(browser_of: Callable[[User], Client], grace: User) -> Client:
    return browser_of(grace)


@pytest.fixture
def share(workspace: Workspace, grace: User) -> Share:
    """An offer from Ada to Grace."""
    return offer(workspace, grace)


def text_of(client: Client, path: str, **extra: Any) -> str:
    """Return the visible text of a page."""
    content = client.get(path, **extra).content.decode()
    return " ".join(re.sub(r"<[^>]*>", " ", content).replace("&nbsp;", " ").split())


def test_bar_counts_open_offers(graces_browser: Client, browser: Client, share: Share) -> None:
    assert "Shared with me (1)" in text_of(graces_browser, "/")
    assert "Shared with me (" not in text_of(browser, "/")
    graces_browser.post(f"/shared/{share.pk}/accept/")
    assert "Shared with me (" not in text_of(graces_browser, "/")


def test_offer_is_shown_while_copied_and_accepted(graces_browser: Client, share: Share) -> None:
    page = graces_browser.get("/shared/").content.decode()
    assert "every 1s" in page
    assert f'formaction="/shared/{share.pk}/accept/"' in page
    assert "cell-atlas from ada" in text_of(graces_browser, "/shared/")
    Share.objects.update(state=ShareState.COPYING, percent=64)
    assert "64 %" in text_of(graces_browser, "/shared/")
    assert 'value="64"' in graces_browser.get("/shared/").content.decode()
    Share.objects.update(state=ShareState.WAITING)
    make_copies()
    assert "every 15s" in graces_browser.get("/shared/").content.decode()
    response = graces_browser.post(f"/shared/{share.pk}/accept/", follow=True)
    content = response.content.decode()
    assert "now one of your workspaces" in content
    assert f'href="/w/{share.pk}/"' in content
    assert "/accept/" not in content
    assert "cell-atlas" in text_of(graces_browser, "/")


def test_open_offer_is_not_shown_as_a_workspace(graces_browser: Client, share: Share) -> None:
    make_copies()
    assert "cell-atlas" not in text_of(graces_browser, "/")
    response = graces_browser.get(f"/w/{share.pk}/")
    assert response.status_code == 400
    assert "has not been accepted" in response.content.decode()


@pytest.mark.parametrize("who", ["ada", "grace"])
def test_offer_is_declined_or_cancelled(
    browser: Client, graces_browser: Client, share: Share, workspace: Workspace, who: str
) -> None:
    client, back = (browser, f"/w/{workspace.pk}/sharing/") if who == "ada" else (graces_browser, "/shared/")
    response = client.post(f"/shared/{share.pk}/withdraw/", HTTP_REFERER=f"http://testserver{back}")
    assert response["Location"] == back
    assert "Nothing is shared with you" in text_of(graces_browser, "/shared/")
    assert "has not been offered to anyone" in text_of(browser, f"/w/{workspace.pk}/sharing/")


def test_failed_copy_is_shown_to_both_and_can_be_retried(
    browser: Client, graces_browser: Client, share: Share, workspace: Workspace
) -> None:
    Share.objects.update(state=ShareState.FAILED, message="The disk is full.", next_check_at=None)
    Workspace.objects.filter(pk=share.pk).update(status="error")
    for client, path in ((browser, f"/w/{workspace.pk}/sharing/"), (graces_browser, "/shared/")):
        content = client.get(path).content.decode()
        assert "The disk is full." in content
        assert f'formaction="/shared/{share.pk}/retry/"' in content
        assert f'formaction="/shared/{share.pk}/accept/"' not in content
    assert graces_browser.post(f"/shared/{share.pk}/retry/").status_code == 302
    assert Share.objects.get().state == "waiting"


def test_users_are_found_and_offered_a_copy(
    browser: Client, workspace: Workspace, grace: User, job_in: Callable[..., Job]
) -> None:
    job_in(workspace)
    path = f"/w/{workspace.pk}/sharing/"
    assert "Offer a copy to Grace Hopper" in text_of(browser, f"{path}?q=HOPP")
    assert "Grace" not in text_of(browser, path)
    part = browser.get(f"{path}?q=example.org", **HTMX, HTTP_HX_TARGET="people").content.decode()
    assert "<html" not in part
    assert "Grace Hopper" in part
    assert "<strong>ada" not in part
    response = browser.post(path, {"person": grace.pk}, follow=True)
    assert "cell-atlas was offered to Grace Hopper." in response.content.decode()
    assert "already offered" in text_of(browser, f"{path}?q=hopper")
    share = Share.objects.select_related("offer").get()
    assert (share.receiver, share.offer.last_job_type) == (grace, "jupyter_lab")
    assert share.offer.last_resource_options == {"num_cpus": 2, "memory_mb": 2048, "time_limit_min": 60}


def test_user_without_full_name_is_found(
    browser: Client, workspace: Workspace, make_user: Callable[[str], User]
) -> None:
    User.objects.filter(pk=make_user("mallory").pk).update(email="")
    assert "Offer a copy to mallory" in text_of(browser, f"/w/{workspace.pk}/sharing/?q=allor")


def test_search_without_matches_is_reported(browser: Client, workspace: Workspace) -> None:
    shown = text_of(browser, f"/w/{workspace.pk}/sharing/?q=%00<b>nobody")
    assert "Nobody's name or e-mail address contains" in shown.replace("&#x27;", "'")
    assert "&lt;b&gt;nobody" in shown


def test_search_shows_the_first_matches(
    browser: Client, workspace: Workspace, make_user: Callable[[str], User]
) -> None:
    for number in range(11):
        make_user(f"p{number}")
    part = browser.get(f"/w/{workspace.pk}/sharing/?q=example", **HTMX, HTTP_HX_TARGET="people").content.decode()
    assert part.count("Offer a copy") == 10
    assert "More matches" in part


@pytest.mark.parametrize("user_id", ["", "x", "-1", "9" * 30, "9" * 5000, "\0", "\N{SUPERSCRIPT TWO}", "999999"])
def test_offer_to_an_invalid_user_is_rejected(browser: Client, workspace: Workspace, user_id: str) -> None:
    response = browser.post(f"/w/{workspace.pk}/sharing/", {"person": user_id}, follow=True)
    assert "Invalid user id provided." in response.content.decode()
    assert not Share.objects.exists()


def test_offer_to_oneself_is_rejected(browser: Client, workspace: Workspace, ada: User) -> None:
    response = browser.post(f"/w/{workspace.pk}/sharing/", {"person": ada.pk}, follow=True)
    assert "Invalid user id provided." in response.content.decode()


def test_workspace_with_open_offers_is_not_deleted(browser: Client, workspace: Workspace, share: Share) -> None:
    response = browser.post(f"/w/{workspace.pk}/delete/", {"typed": "cell-atlas"}, follow=True)
    assert "Please cancel those shares" in response.content.decode()
    assert Workspace.objects.get(pk=workspace.pk).status == "idle"


@pytest.mark.parametrize("path", ["/shared/{n}/accept/", "/shared/{n}/withdraw/", "/shared/{n}/retry/"])
@pytest.mark.parametrize("number", ["0", "99999", "9" * 18, "9" * 40])
def test_unknown_share_is_not_found(browser: Client, path: str, number: str) -> None:
    assert browser.post(path.format(n=number)).status_code == 404


def test_fragments_are_sent_only_when_changed(
    browser: Client, graces_browser: Client, share: Share, workspace: Workspace
) -> None:
    for client, path in ((browser, f"/w/{workspace.pk}/sharing/"), (graces_browser, "/shared/")):
        fingerprint = client.get(path).content.decode().split('"seen": "')[1].split('"', maxsplit=1)[0]
        assert client.get(f"{path}?seen={fingerprint}", **HTMX).status_code == 204
        Share.objects.update(percent=7, state=ShareState.COPYING)
        assert "7 %" in client.get(f"{path}?seen={fingerprint}", **HTMX).content.decode()
        Share.objects.update(percent=0, state=ShareState.WAITING)


def test_size_of_a_copy_is_shown_before_it_is_accepted(
    graces_browser: Client, grace: User, workspace: Workspace, blocks: Callable[[int], None]
) -> None:
    share = offer(workspace, grace)
    share.copy.disk_space = 3 * BLOCK_BYTES
    share.copy.save()
    Share.objects.filter(pk=share.pk).update(state="ready")
    assert "Uses 12\N{NO-BREAK SPACE}KiB of your disk space once you accept it." in words(graces_browser)
    blocks(2)
    needs = "Needs 12\N{NO-BREAK SPACE}KiB, but you have only 8\N{NO-BREAK SPACE}KiB left."
    assert f"{needs} Delete files or workspaces first." in words(graces_browser)
    content = graces_browser.post(f"/shared/{share.pk}/accept/", follow=True).content.decode()
    assert "This needs 12 KiB on disk, and 8 KiB of your 8 KiB are left." in content
    assert not Share.objects.get(pk=share.pk).is_accepted


def words(browser: Client) -> str:
    return re.sub(r"[ \n]+", " ", browser.get("/shared/").content.decode())


def test_pages_make_a_constant_number_of_queries(
    browser: Client, graces_browser: Client, grace: User, make_user: Callable[[str], User],
    workspace_of: Callable[..., Workspace], workspace: Workspace, ada: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(3):
        offer(workspace, make_user(f"p{number}"))
        offer(workspace_of(ada, f"w{number}"), grace)
        if number in {0, 2}:
            with django_assert_num_queries(7):
                browser.get(f"/w/{workspace.pk}/sharing/")
            with django_assert_num_queries(8):
                graces_browser.get("/shared/")


@pytest.mark.parametrize(
    ("state", "accepted", "word"),
    [
        ("waiting", False, "waiting"), ("waiting", True, "waiting"), ("copying", False, "copying"),
        ("copying", True, "copying"), ("failed", False, "failed"), ("failed", True, "failed"),
        ("ready", False, "offered"), ("ready", True, "accepted"),
    ],
)  # fmt: skip
def test_each_share_state_has_its_word(state: str, word: str, *, accepted: bool) -> None:
    assert share_state(state=state, is_accepted=accepted).word == word


def test_exact_search_lists_no_users_and_shows_no_addresses(browser: Client, workspace: Workspace, grace: User) -> None:
    registry.install(registry.current(), replace(registry.site(), user_search=UserSearch.EXACT))
    path = f"/w/{workspace.pk}/sharing/"
    for part in ("hopp", "grac", "example.org"):
        assert "No user has the user name or e-mail address" in text_of(browser, f"{path}?q={part}")
    assert browser.post(path, {"person": grace.pk}, follow=True).status_code == 200
    assert not Share.objects.exists()  # a guessed id
    assert "Offer a copy to Grace Hopper" in text_of(browser, f"{path}?q=GRACE")
    assert grace.email not in text_of(browser, f"{path}?q=grace")
    assert grace.email in text_of(browser, f"{path}?q={grace.email}")
    browser.post(path, {"person": grace.pk})
    assert Share.objects.get().receiver == grace
    assert grace.email not in text_of(browser, path)


def test_group_search_lists_users_of_the_same_group(
    browser: Client, workspace: Workspace, ada: User, grace: User, make_user: Callable[[str], User]
) -> None:
    registry.install(registry.current(), replace(registry.site(), user_search=UserSearch.GROUPS))
    User.objects.filter(pk=make_user("linus").pk).update(first_name="Linus", last_name="Hopper")
    group = Group.objects.create(name="navy")
    for user in (ada, grace):
        user.groups.add(group)
    shown = text_of(browser, f"/w/{workspace.pk}/sharing/?q=hopper")
    assert ("Grace Hopper" in shown, "Linus" in shown, grace.email in shown) == (True, False, False)
