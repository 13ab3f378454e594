"""Listening addresses, and responses outside of views."""

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.core.exceptions import DisallowedHost
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.config import web
from user_workspaces.config.load_config import site_warnings
from user_workspaces.config.wsgi import Request
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import SessionPorts
from user_workspaces.registry import Registry


def test_port_in_use_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port} cannot be listened on"):
            web.bind(host="127.0.0.1", port=port)


@pytest.mark.parametrize("address", ["localhost:abc", "localhost:0", "99999", "localhost:-1"])
@pytest.mark.django_db
def test_address_without_a_valid_port_is_reported(address: str) -> None:
    with pytest.raises(CommandError, match="is not a port"):
        call_command("runserver", address)


@pytest.mark.parametrize("path", ["/jobs/1/2/3/4", "/workspaces/x", "/tokens/a/b"])
def test_unknown_path_of_the_api_returns_json_to_browsers(site: Registry, client: Client, path: str) -> None:
    response = client.get(path, HTTP_ACCEPT="text/html")
    assert (response.status_code, response.json()) == (404, {"success": False, "message": "Not found."})


def test_other_unknown_path_returns_a_page_to_browsers(
    site: Registry, client: Client, make_user: Callable[[str], User]
) -> None:
    make_user("ada")
    response = client.get("/nowhere/", HTTP_ACCEPT="text/html")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/status/", "/", "/login/"])
def test_unknown_host_is_refused_with_the_setting_that_allows_it(site: Registry, client: Client, path: str) -> None:
    response = client.get(path, HTTP_HOST="server:8000")
    assert response.status_code == 400
    assert response.json()["message"].startswith(
        "This server does not accept requests for “server”. Ask its operators for the correct address. "
    )
    page = client.get(path.replace("/status/", "/"), HTTP_HOST="server:8000", HTTP_ACCEPT="text/html")
    assert page.status_code == 400
    assert "UWS_ALLOWED_HOSTS" in page.content.decode()


@pytest.mark.parametrize("host", ["<script>", "a b", "x" * 300, "s1.localhost.", "foo.localhost"])
def test_unusual_host_is_refused_and_not_shown(site: Registry, client: Client, host: str) -> None:
    page = client.get("/", HTTP_HOST=host, HTTP_ACCEPT="text/html")
    assert page.status_code in {400, 404} or page["Location"] == "http://localhost/open/1/"
    assert "<script>" not in page.content.decode().replace('<script src="', "")


def test_ip_address_is_allowed_on_a_site_without_a_base_url(site: Registry, client: Client) -> None:
    request = Request({**RequestFactory().get("/").environ, "HTTP_HOST": "10.1.2.3:8000"})
    with pytest.raises(DisallowedHost):
        request.get_host()
    registry.install(site, replace(registry.site(), any_ip_address=True))
    assert request.get_host() == "10.1.2.3:8000"
    named = Request({**RequestFactory().get("/").environ, "HTTP_HOST": "10.1.2.3.evil.example"})
    with pytest.raises(DisallowedHost):
        named.get_host()


def test_sessions_served_by_path_cause_a_warning(site: Registry) -> None:
    assert site_warnings() == []
    known = registry.site()
    by_path = {"local": replace(known.resources["local"], passthrough_domain="")}
    registry.install(site, replace(known, resources=by_path))
    [warning] = site_warnings()
    assert "Sessions on local are served by path" in warning
    assert "Administrators cannot log in until then." in warning
    ports = SessionPorts(range(8100, 8200), are_required=True)
    registry.install(site, replace(known, resources=by_path, session_ports=ports))
    assert site_warnings() == []
