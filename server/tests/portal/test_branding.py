"""Name, logo, contact and terms of the site on pages and in mails."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.template.loader import render_to_string
from django.test import Client

from user_workspaces import registry
from user_workspaces.interfaces.settings import Branding
from user_workspaces.registry import Registry
from user_workspaces.sharing.outbox import signature

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
FULL = Branding(
    name="Example & Sons", logo=SVG, logo_type="image/svg+xml", contact="help@example.org", terms="<b>Be kind.</b>"
)
PAGES = ("/login/", "/login/x/", "/no-such-page/")

pytestmark = pytest.mark.django_db


@pytest.fixture
def brand(site: Registry) -> Callable[[Branding], None]:
    return lambda own: registry.install(site, replace(registry.site(), branding=own))


def test_default_has_no_logo_and_no_footer(site: Registry, browser: Client) -> None:
    page = browser.get("/").content.decode()
    assert ("site-links" in page, 'class="logo"' in page) == (False, False)
    for path in ("/site/logo/", "/site/terms/"):
        assert browser.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_public_pages_have_the_branding(brand: Callable[[Branding], None], path: str) -> None:
    brand(FULL)
    page = Client(headers={"accept": "text/html"}).get(path).content.decode()
    for part in ("Example &amp; Sons", 'src="/site/logo/"', 'href="mailto:help@example.org"', 'href="/site/terms/"'):
        assert part in page


def test_pages_of_a_logged_in_user_have_the_branding(brand: Callable[[Branding], None], browser: Client) -> None:
    brand(FULL)
    page = browser.get("/profile/").content.decode()
    assert "Profile - Example &amp; Sons" in page
    assert page.count('href="/site/terms/"') == 1


@pytest.mark.parametrize("template", ["portal/status_page.html", "portal/server_error.html"])
def test_status_and_error_pages_name_the_contact(brand: Callable[[Branding], None], template: str) -> None:
    brand(FULL)
    page = render_to_string(template, {"title": "t", "message": "m", "portal": "https://uws.example.org"})
    for part in ("Example &amp; Sons", "mailto:help@example.org", 'href="https://uws.example.org/site/terms/"'):
        assert part in page


def test_logo_cannot_run_scripts(brand: Callable[[Branding], None]) -> None:
    brand(FULL)
    response = Client().get("/site/logo/")
    assert (response.content, response["Content-Type"]) == (SVG, "image/svg+xml")
    assert "sandbox" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_terms_are_escaped(brand: Callable[[Branding], None]) -> None:
    brand(FULL)
    assert "&lt;b&gt;Be kind.&lt;/b&gt;" in Client().get("/site/terms/").content.decode()


def test_external_urls_are_linked(brand: Callable[[Branding], None]) -> None:
    brand(Branding(contact="https://example.org/help", terms_url="https://example.org/terms"))
    page = Client().get("/login/").content.decode()
    assert 'href="https://example.org/help"' in page
    assert 'href="https://example.org/terms"' in page


def test_mails_are_signed() -> None:
    assert signature(FULL) == "\n-- \nExample & Sons\nhelp@example.org\n"
    assert signature(Branding()) == ""
