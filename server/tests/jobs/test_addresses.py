"""Where browsers find a session."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from user_workspaces import registry
from user_workspaces.jobs.addresses import address_of, host_names, session_host
from user_workspaces.jobs.tickets import Claim
from user_workspaces.registry import Registry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = Claim(job_id=12, user_id=1, epoch=0)


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
def test_a_session_has_its_own_origin_where_names_allow_it(
    site: Registry, base_url: str, domain: str, expected: str
) -> None:
    configure(site, base_url=base_url, domain=domain)
    address = address_of(claim=CLAIM, resource="local", serves_at="lab", now=NOW)
    assert address.url_domain == expected
    assert address.url_path.startswith("/passthrough/local/12/lab?ticket=12.1.0.")
    assert address.url == address.url_domain + address.url_path


def test_the_path_form_may_be_asked_for(site: Registry) -> None:
    configure(site, base_url="http://localhost:8000", domain="localhost")
    address = address_of(claim=CLAIM, resource="local", serves_at="lab", now=NOW, own_origin=False)
    assert address.url_domain == "http://localhost:8000"


def test_all_names_of_a_session_are_known_once(site: Registry) -> None:
    configure(site, base_url="https://UWS.example", domain="sessions.example")
    names = host_names(resource="local", job_id=12)
    assert names[:2] == ("s12.sessions.example", "uws.example")
    assert len(set(names)) == len(names)
    assert not any(name.startswith((".", "*", "[")) for name in names)


def test_a_resource_that_is_gone_has_no_origin(site: Registry) -> None:
    assert session_host(resource="gone", job_id=1) == ""
