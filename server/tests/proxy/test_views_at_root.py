"""The way into a session at the root of its own host: through its base path, and back to the page that was wanted."""

from collections.abc import Callable

import pytest

from proxy.test_views import PORTAL, Scene, scene
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.endpoint import Endpoint, Mount
from user_workspaces.jobs import tickets
from user_workspaces.jobs.queries import write_endpoint

__all__ = ["scene"]


@pytest.fixture
def at_root(scene: Scene) -> Scene:
    scene.job.endpoint = write_endpoint(Endpoint("/s", mount=Mount.ROOT))
    scene.job.save()
    return scene


@pytest.mark.parametrize("page", ["lab", "deep/page?a=1&b=%2F", "static/x%20y"])
def test_browser_gets_to_the_page_with_a_cookie_for_the_whole_host(at_root: Scene, page: str) -> None:
    browser = at_root.browser(at_root.ada)
    url, wanted = f"{at_root.base}{page}", f"http://{at_root.host}/{page}"
    for _ in range(5):
        if url == wanted:  # here the proxy relays
            break
        location = browser.visit(url)["Location"]
        url = location if "://" in location else f"http://{at_root.host}{location}"
    assert url == wanted
    name = tickets.cookie_name(at_root.job.pk)
    assert (name, "/") in browser.jars[at_root.host]
    assert at_root.is_in(browser)


@pytest.mark.parametrize("page", ["deep/page?a=1", "static.css"])
def test_page_without_a_cookie_leads_through_the_portal(at_root: Scene, page: str) -> None:
    response = at_root.browser().visit(f"http://{at_root.host}/{page}")
    assert response.status_code == 302
    assert response["Location"].startswith(
        f"http://{PORTAL}/open/{at_root.job.pk}/?to={page.partition('?')[0].replace('/', '%2F')}"
    )


def test_program_without_a_cookie_finds_nothing(at_root: Scene) -> None:
    response = at_root.browser().get("/api/x", HTTP_HOST=at_root.host, HTTP_ACCEPT="application/json")
    assert response.status_code == 404


def test_session_that_has_ended_leads_nowhere(at_root: Scene) -> None:
    at_root.job.endpoint, at_root.job.status = "", "complete"
    at_root.job.save()
    assert at_root.browser().visit(f"http://{at_root.host}/deep/page").status_code == 404


def test_stranger_does_not_get_in(at_root: Scene, make_user: Callable[[str], User]) -> None:
    browser = at_root.browser(make_user("grace"))
    assert browser.follow(at_root.base).status_code == 404
    assert not at_root.is_in(browser)
