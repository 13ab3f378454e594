"""Tokens from logins at an identity provider: redirects, codes and rate limits."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from api.conftest import Caller
from user_workspaces import registry
from user_workspaces.accounts.models import ApiToken
from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable
from user_workspaces.interfaces.settings import RateLimit, RateLimits
from user_workspaces.interfaces.user_authentication import Redirect
from user_workspaces.interfaces.values import Identity
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_user_authentication import SharedAccount

pytestmark = pytest.mark.django_db


class ExternalProvider(SharedAccount):
    """An identity provider that can be made unavailable."""

    uses_redirect = True

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        match credentials.get("redirect_url"):
            case None:
                return None
            case "away":
                raise ResourceUnavailable("The log-in service does not answer.")
        return Redirect("https://id.example.org/", "the-state")

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        match credentials:
            case {"code": "away"}:
                raise ResourceUnavailable("The log-in service does not answer.")
            case {"code": "ada", "state": "the-state"}:
                return Identity(issuer=self.context.name, subject="1", username="ada", is_proven=True)
        raise AuthenticationRejected("Incorrect authentication credentials.")


@pytest.fixture
def external_provider(site: Registry) -> None:
    site.user_authentications.add("local", ExternalProvider.build("local"))
    few = RateLimits(tokens_per_address=RateLimit(3), redirects_per_address=RateLimit(3))
    registry.install(registry.current(), replace(registry.site(), rate_limits=few))


def test_external_login_has_two_steps(anonymous: Caller, external_provider: None) -> None:
    started = anonymous("POST", "/tokens/", {"redirect_url": "https://portal.example.org/"})
    assert (started.status, started.body["auth_uri"], started.body["state"]) == (
        200,
        "https://id.example.org/",
        "the-state",
    )
    assert not ApiToken.objects.exists()
    ended = anonymous(
        "POST", "/tokens/", {"redirect_url": "https://portal.example.org/", "code": "ada", "state": "the-state"}
    )
    assert (ended.status, ended.message) == (200, "Successful authentication.")
    assert ApiToken.objects.get().user.username == "ada"


def test_completed_logins_are_refunded(anonymous: Caller, external_provider: None) -> None:
    for _ in range(6):
        assert anonymous("POST", "/tokens/", {"redirect_url": "x"}).status == 200
        assert anonymous("POST", "/tokens/", {"redirect_url": "x", "code": "ada", "state": "the-state"}).status == 200


def test_valid_code_is_accepted_until_its_address_has_many_failures(anonymous: Caller, external_provider: None) -> None:
    wrong, right = ({"redirect_url": "x", "code": code, "state": "the-state"} for code in ("wrong", "ada"))
    assert [anonymous("POST", "/tokens/", wrong).status for _ in range(29)] == [401] * 3 + [429] * 26
    assert anonymous("POST", "/tokens/", right).status == 200
    assert anonymous("POST", "/tokens/", wrong).status == 429
    assert anonymous("POST", "/tokens/", right).status == 429  # requests to the provider are bounded
    assert anonymous("POST", "/tokens/", right, REMOTE_ADDR="198.51.100.7").status == 200


class WithTokens(SharedAccount):
    """An authentication that checks tokens with a request to another site."""

    asked = 0

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        self.asked += 1
        if credentials.get("auth_token") == "good":
            return Identity(issuer=self.context.name, subject="1", username="ada", is_proven=True)
        raise AuthenticationRejected("Incorrect authentication credentials.")


def test_known_token_is_accepted_despite_failures_of_others(
    anonymous: Caller, external_provider: None, site: Registry
) -> None:
    """The number of requests to the other site for invalid tokens is bounded."""
    plugin = WithTokens.build("local")
    assert isinstance(plugin, WithTokens)
    site.user_authentications.add("local", plugin)
    assert anonymous("POST", "/tokens/", {"auth_token": "good"}).status == 200
    tried = [anonymous("POST", "/tokens/", {"auth_token": f"bad {number}"}).status for number in range(40)]
    assert (tried, plugin.asked) == ([401] * 3 + [429] * 37, 31)
    assert anonymous("POST", "/tokens/", {"auth_token": "good", "name": "laptop"}).status == 200
    assert anonymous("POST", "/tokens/", {"auth_token": "another"}).status == 429


def test_started_logins_are_counted(anonymous: Caller, external_provider: None) -> None:
    found = [anonymous("POST", "/tokens/", {"redirect_url": "https://portal.example.org/"}).status for _ in range(4)]
    assert found == [200, 200, 200, 429]
    assert anonymous("POST", "/tokens/", {"redirect_url": "x", "code": "ada", "state": "the-state"}).status == 200


def test_unavailable_provider_does_not_count_as_failure(anonymous: Caller, external_provider: None) -> None:
    assert anonymous("POST", "/tokens/", {"redirect_url": "away"}).status == 503
    assert [anonymous("POST", "/tokens/", {"redirect_url": "x", "code": "away"}).status for _ in range(5)] == [503] * 5
    found = [anonymous("POST", "/tokens/", {"redirect_url": "x", "code": "wrong"}).status for _ in range(4)]
    assert found == [401, 401, 401, 429]
