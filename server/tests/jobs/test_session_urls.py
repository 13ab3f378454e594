"""Addresses of sessions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings

from user_workspaces import registry
from user_workspaces.interfaces.settings import SessionPorts
from user_workspaces.jobs.session_urls import (
    address_of,
    is_portal_host,
    is_served_by_path,
    is_session_host,
    session_host,
)
from user_workspaces.jobs.tickets import TicketClaims
from user_workspaces.registry import Registry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOMAINS = ("localhost", "sessions.example.org")
CLAIM = TicketClaims(job_id=12, user_id=1, epoch=0)


def configure(site: Registry, *, base_url: str, domain: str) -> None:
    known = registry.site()
    local = replace(known.resources["local"], passthrough_domain=domain)
    registry.install(site, replace(known, base_url=base_url, resources={"local": local}))


@pytest.mark.parametrize(
    ("base_url", "domain", "expected"),
    [
        ("http://localhost:8000", "localhost", "http://s12.localhost:8000"),
        ("https://uws.example", "sessions.example", "https://s12.sessions.example"),
        ("https://uws.example:8443", "", "https://uws.example:8443"),
        ("http://[::1]:8000", "", "http://[::1]:8000"),
    ],
)
def test_session_has_own_origin_if_host_names_allow_it(
    site: Registry, base_url: str, domain: str, expected: str
) -> None:
    configure(site, base_url=base_url, domain=domain)
    address = address_of(claim=CLAIM, resource="local", serves_at="lab", now=NOW)
    assert address.url_domain == expected
    assert address.url_path.startswith("/passthrough/local/12/lab?ticket=12.1.0.")
    assert address.url == address.url_domain + address.url_path


@pytest.mark.parametrize(
    ("name", "is_portal", "is_session"),
    [
        ("localhost", True, False),
        ("LOCALHOST", True, False),
        ("testserver", True, False),
        ("s12.localhost", False, True),
        ("S12.Sessions.Example.org.", False, True),
        ("x.s12.localhost", False, True),
        ("foo.localhost", False, False),
        ("foo.sessions.example.org", False, False),
        ("sessions.example.org", False, False),
        ("hub.sessions.example.org", True, False),
        ("evil.example", False, False),
        ("10.1.2.3", False, False),
        ("", False, False),
    ],
)
def test_portal_host_accepts_only_portal_names(
    site: Registry, monkeypatch: pytest.MonkeyPatch, *, name: str, is_portal: bool, is_session: bool
) -> None:
    known = registry.site()
    local, other = (replace(known.resources["local"], passthrough_domain=domain) for domain in DOMAINS)
    registry.install(site, replace(known, resources={"local": local, "other": other}))
    patterns = [f".{domain}" for domain in DOMAINS]
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["localhost", "testserver", "hub.sessions.example.org", *patterns])
    assert (is_portal_host(name), is_session_host(name)) == (is_portal, is_session)


@pytest.mark.parametrize("name", ["10.1.2.3", "127.0.0.1", "[2001:db8::1]", "[::1]"])
def test_portal_host_accepts_any_ip_address_without_configured_host(site: Registry, name: str) -> None:
    registry.install(site, replace(registry.site(), any_ip_address=True))
    assert is_portal_host(name)
    assert not is_portal_host("evil.example")


@pytest.mark.parametrize(
    ("base_url", "domain"),
    [("http://10.1.2.3:8000", "http://10.1.2.3:8000"), ("http://127.0.0.1:8000", "http://s12.localhost:8000")],
)
def test_address_is_on_portal_if_session_host_is_localhost_of_client(
    site: Registry, base_url: str, domain: str
) -> None:
    configure(site, base_url=base_url, domain="localhost")
    assert address_of(claim=CLAIM, resource="local", serves_at="lab", now=NOW).url_domain == domain


@pytest.mark.parametrize(
    ("domain", "ports", "by_path"),
    [
        ("", SessionPorts(range(8100, 8200)), True),
        ("", SessionPorts(range(8100, 8200), are_required=True), False),
        ("localhost", SessionPorts(), False),
    ],
)
def test_sessions_without_own_origin_are_served_by_path(
    site: Registry, *, domain: str, ports: SessionPorts, by_path: bool
) -> None:
    configure(site, base_url="http://localhost:8000", domain=domain)
    registry.install(site, replace(registry.site(), session_ports=ports))
    assert is_served_by_path("local") is by_path
    assert not is_served_by_path("gone")


def test_removed_resource_has_no_session_host(site: Registry) -> None:
    assert session_host(resource="gone", job_id=1) == ""
