"""Administrators may log in only if sessions have their own origins, unless the setting accepts the risk."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.actions import create_login_link
from user_workspaces.accounts.models import User
from user_workspaces.accounts.password_logins import may_log_in
from user_workspaces.interfaces.settings import SessionPorts
from user_workspaces.registry import Registry

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
NAMED = SessionPorts(range(8100, 8200), are_required=True)


def configure(**changes: Any) -> None:
    known = registry.site()
    domain = changes.pop("domain", "")
    resources = {"local": replace(known.resources["local"], passthrough_domain=domain)}
    registry.install(registry.current(), replace(known, resources=resources, **changes))


@pytest.fixture
def operator(site: Registry, make_user: Callable[[str], User]) -> User:
    user = make_user("operator")
    user.is_staff = user.is_superuser = True
    user.set_password(PASSWORD)
    user.save()
    return user


def test_every_kind_of_user_on_every_kind_of_site(site: Registry) -> None:
    for domain, ports, opted_in in product(("", "localhost"), (SessionPorts(), NAMED), (False, True)):
        configure(domain=domain, session_ports=ports, allow_administrators_beside_sessions=opted_in)
        separated = bool(domain) or ports is NAMED
        for staff, superuser, active, service in product((False, True), repeat=4):
            user = User(username="x", is_staff=staff, is_superuser=superuser, is_active=active, is_service=service)
            kept_out = (staff or superuser) and not separated and not opted_in
            assert may_log_in(user) == (active and not service and not kept_out)
    assert not may_log_in(AnonymousUser())
    assert not may_log_in(None)


def test_administrators_cannot_log_in_beside_sessions(site: Registry, operator: User) -> None:
    configure()
    client = Client()
    shown = client.post("/login/", {"username": "operator", "password": PASSWORD})
    assert (shown.status_code, "UWS_SESSION_PORTS" in shown.content.decode()) == (422, True)
    secret = create_login_link(user=operator, now=timezone.now())
    refused = client.post(f"/login/{secret}/")
    assert (refused.status_code, "UWS_SESSION_PORTS" in refused.content.decode()) == (403, True)
    assert "uws-portal" not in client.cookies or not client.session.get("_auth_user_id")


def test_earlier_login_of_an_administrator_is_invalid(site: Registry, operator: User) -> None:
    client = Client()
    client.force_login(operator)
    assert client.get("/admin/").status_code == 200
    configure()
    assert client.get("/")["Location"] == "/login/?next=/"
    assert client.get("/admin/").status_code in {302, 404}
    configure(allow_administrators_beside_sessions=True)
    assert client.get("/admin/").status_code == 200
