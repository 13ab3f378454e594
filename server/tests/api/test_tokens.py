"""Getting, listing and revoking tokens, and rate limits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from api import conformance
from api.conftest import Caller
from support.concurrency import at_once
from user_workspaces import registry
from user_workspaces.accounts.actions import mint_client_token, mint_token
from user_workspaces.accounts.models import ApiToken, AttemptCount, User
from user_workspaces.accounts.queries import find_client
from user_workspaces.accounts.scopes import Scope
from user_workspaces.interfaces.settings import RateLimit, RateLimits
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.user_authentication.local import LocalUserAuthentication
from user_workspaces.registry import Registry

pytestmark = pytest.mark.django_db
ADA = {"username": "ada", "email": "ada@example.org"}


@pytest.fixture
def portal(site: Registry) -> str:
    """The client token of a data portal, with its authentication."""
    context = PluginContext("local", settings.DATA_DIR, settings.DATA_DIR, settings.DATA_DIR, find_client)
    site.user_authentications.add("local", LocalUserAuthentication(context, LocalUserAuthentication.Options()))
    return mint_client_token(name="portal", now=timezone.now())


@pytest.fixture
def limits(site: Registry) -> None:
    """Limits of three attempts for an address and four failures for a client."""
    few = RateLimits(tokens_per_address=RateLimit(3), tokens_per_client=RateLimit(4))
    registry.install(registry.current(), replace(registry.site(), rate_limits=few))


def body(portal: str, **further: Any) -> dict[str, Any]:
    return {"client_token": portal, "user_info": ADA, **further}


def test_token_has_the_requested_name_lifetime_and_scopes(anonymous: Caller, portal: str) -> None:
    response = anonymous(
        "POST", "/tokens/", body(portal, name="laptop", expires_in_days=7, scopes=["sessions", "read"])
    )
    assert (response.status, response.message) == (200, "Successful authentication.")
    token = ApiToken.objects.get(user__username="ada")
    assert (token.name, token.scopes) == ("laptop", "read sessions")
    assert token.expires_at - token.created_at == timedelta(days=7)
    anonymous.token = response.body["token"]
    assert anonymous("GET", "/jobs/").status == 200
    assert anonymous("POST", "/workspaces/", {}).status == 403


def test_token_has_defaults(anonymous: Caller, portal: str) -> None:
    anonymous("POST", "/tokens/", body(portal))
    token = ApiToken.objects.get(user__username="ada")
    assert (token.name, token.scopes) == ("API sign-in", "read workspaces sessions")
    assert token.expires_at - token.created_at == timedelta(days=90)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"expires_in_days": 0}, 400),
        ({"expires_in_days": 91}, 400),
        ({"expires_in_days": True}, 400),
        ({"expires_in_days": "7"}, 400),
        ({"expires_in_days": 1.5}, 400),
        ({"expires_in_days": 10**15}, 400),
        ({"name": 5}, 400),
        ({"name": "a\0b"}, 400),
        ({"scopes": []}, 400),
        ({"scopes": "read"}, 400),
        ({"scopes": {"read": 1}}, 400),
        ({"scopes": ["read", None]}, 400),
        ({"scopes": [["read"]]}, 400),
        ({"scopes": ["root"]}, 400),
        ({"scopes": ["x" * 5000]}, 400),
        ({"scopes": ["admin"]}, 403),
    ],
)
def test_invalid_token_options_are_refused(anonymous: Caller, portal: str, wrong: dict[str, Any], status: int) -> None:
    response = anonymous("POST", "/tokens/", body(portal, **wrong))
    assert response.status == status
    assert len(response.message) < 200
    assert not ApiToken.objects.filter(user__username="ada").exists()


def test_long_token_name_is_truncated(anonymous: Caller, portal: str) -> None:
    assert anonymous("POST", "/tokens/", body(portal, name="n" * 5000)).status == 200
    assert len(ApiToken.objects.get(user__username="ada").name) == 200


def test_expired_token_in_the_header_does_not_prevent_a_new_one(anonymous: Caller, portal: str) -> None:
    response = anonymous("POST", "/tokens/", body(portal), headers={"UWS-Authorization": "Token uws_old"})
    assert response.status == 200


def test_list_shows_own_tokens_without_their_text(call: Callable[..., Caller], ada: Caller) -> None:
    call("mallory")
    listed = ada("GET", "/tokens/").body["data"]
    assert listed["total"] == 1
    token = listed["tokens"][0]
    assert set(token) == {
        "id", "name", "prefix", "scopes", "is_current", "datetime_created", "datetime_last_used", "datetime_expires",
    }  # fmt: skip
    assert (token["prefix"], token["scopes"], token["is_current"]) == (
        ada.token[:12],
        ["read", "workspaces", "sessions"],
        True,
    )
    assert datetime.fromisoformat(token["datetime_expires"]) > timezone.now()
    assert ada.token not in str(listed)
    assert "digest" not in str(listed)


def test_list_omits_expired_tokens(ada: Caller) -> None:
    assert ada.user is not None
    mint_token(user=ada.user, name="old", now=timezone.now() - timedelta(days=100))
    assert [token["name"] for token in ada("GET", "/tokens/?limit=5").body["data"]["tokens"]] == ["test"]


def test_revoking_ends_a_token_at_once(ada: Caller, call: Callable[..., Caller]) -> None:
    other = call("ada")
    number = ApiToken.objects.get(prefix=other.token[:12]).pk
    assert ada("DELETE", f"/tokens/{number}/").message == f"Token {number} was revoked."
    assert other("GET", "/jobs/").status == 401
    assert ada("DELETE", f"/tokens/{number}/").status == 404


def test_a_token_may_revoke_itself(ada: Caller) -> None:
    assert ada("DELETE", f"/tokens/{ApiToken.objects.get().pk}/").status == 200
    assert ada("GET", "/jobs/").status == 401


def test_token_cannot_revoke_one_with_further_scopes(ada: Caller) -> None:
    assert ada.user is not None
    reader = Caller(ada.user, mint_token(user=ada.user, name="r", now=timezone.now(), scopes=[Scope.READ]))
    number = ApiToken.objects.get(name="test").pk
    response = reader("DELETE", f"/tokens/{number}/")
    assert (response.status, response.message) == (403, "This token lacks the scope sessions, which the other one has.")
    assert ada("GET", "/jobs/").status == 200


def test_failed_credentials_are_rate_limited(anonymous: Caller, portal: str, limits: None) -> None:
    wrong = body("uws_wrong")
    assert [anonymous("POST", "/tokens/", wrong).status for _ in range(4)] == [401, 401, 401, 429]
    response = anonymous("POST", "/tokens", wrong)
    assert response.message == f"Too many attempts. Try again in {response.headers['Retry-After']} seconds."
    assert 1 <= int(response.headers["Retry-After"]) <= 60


def test_portal_gets_tokens_for_many_users_from_one_address(anonymous: Caller, portal: str, limits: None) -> None:
    for _ in range(4):
        anonymous("POST", "/tokens/", body("uws_wrong"))
    for number in range(8):
        person = {"username": f"p{number}", "email": f"p{number}@example.org"}
        assert anonymous("POST", "/tokens/", body(portal, user_info=person)).status == 200


def test_failures_of_a_portal_are_counted_for_its_token(anonymous: Caller, portal: str, limits: None) -> None:
    wrong = body(portal, user_info={"username": "root", "email": "x@example.org"})
    assert [anonymous("POST", "/tokens/", wrong).status for _ in range(5)] == [403, 403, 403, 403, 429]
    assert anonymous("POST", "/tokens/", body(portal)).status == 200  # one user of a portal blocks no other
    other = mint_client_token(name="another portal", now=timezone.now())
    assert anonymous("POST", "/tokens/", body(other)).status == 200


def test_addresses_are_counted_separately_and_headers_ignored(anonymous: Caller, portal: str, limits: None) -> None:
    wrong = body("uws_wrong")
    for number in range(3):
        anonymous("POST", "/tokens/", wrong, headers={"X-Forwarded-For": f"10.0.0.{number}"})
    assert anonymous("POST", "/tokens/", wrong, headers={"X-Forwarded-For": "10.9.9.9"}).status == 429
    assert anonymous("POST", "/tokens/", wrong, REMOTE_ADDR="198.51.100.7").status == 401


def test_header_of_a_trusted_proxy_is_used(anonymous: Caller, portal: str, limits: None) -> None:
    trusting = replace(registry.site(), trusted_proxies=("127.0.0.1",))
    registry.install(registry.current(), trusting)
    wrong = body("uws_wrong")
    first = [anonymous("POST", "/tokens/", wrong, headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.1"}) for _ in range(4)]
    assert [response.status for response in first] == [401, 401, 401, 429]
    spoofed = anonymous("POST", "/tokens/", wrong, headers={"X-Forwarded-For": "7.7.7.7, 10.0.0.1"})
    assert spoofed.status == 429
    assert anonymous("POST", "/tokens/", wrong, headers={"X-Forwarded-For": "10.0.0.2"}).status == 401


def test_attempts_are_allowed_after_the_window(anonymous: Caller, portal: str, limits: None) -> None:
    wrong = body("uws_wrong")
    for _ in range(4):
        anonymous("POST", "/tokens/", wrong)
    AttemptCount.objects.update(ends_at=timezone.now())
    assert anonymous("POST", "/tokens/", wrong).status == 401


@pytest.mark.django_db(transaction=True)
def test_limit_is_exact_for_simultaneous_requests(site: Registry, portal: str) -> None:
    wrong = body("uws_wrong")
    conformance.description()  # built once, before the simultaneous requests
    responses = at_once(20, lambda: [Caller(None, "")("POST", "/tokens/", wrong).status for _ in range(10)])
    found = [status for some in responses for status in some]
    assert (found.count(401), found.count(429)) == (20, 180)
    assert not User.objects.filter(username="ada").exists()


def test_long_credentials_are_refused(anonymous: Caller) -> None:
    """The sender is not authenticated yet."""
    assert anonymous("POST", "/tokens/", {"client_token": "x" * 65_536}).status == 413
