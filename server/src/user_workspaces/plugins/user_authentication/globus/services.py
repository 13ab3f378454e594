"""Calls to Globus Auth and Globus Groups through their SDK, whose environment variables select the servers."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from globus_sdk import (
    AccessTokenAuthorizer,
    ConfidentialAppAuthClient,
    GlobusAPIError,
    GlobusError,
    GroupsClient,
)
from globus_sdk.transport import RequestsTransport, RetryConfig

from user_workspaces.errors import AuthenticationRejected, NotAllowed, ResourceUnavailable
from user_workspaces.interfaces.pending_login import INCORRECT_CREDENTIALS

ISSUER = "https://auth.globus.org"
SECONDS = 5.0
CLOCK_SKEW_SECONDS = 60
LONGEST_SUBJECT = 255
UNREACHABLE = "Globus is not responding. Try again later."
INVALID_RESPONSE = "Globus sent an invalid response. Try again later."
NOT_KNOWN = "Globus rejects this server's client ID or secret. Please contact your administrator."
NO_GROUP = "You are not a member of a group that may use this server."
NOT_AUTHORIZED = (401, 403)
SERVER_ERROR = 500
Found = TypeVar("Found")


def introspect(token: str, *, client_id: str, secret: str) -> Mapping[str, Any]:
    """Return Globus Auth's introspection of a valid token that was issued for this client.

    Globus reports a token as inactive if it expired, was revoked, or does not have this client in its audience; those
    raise `AuthenticationRejected`. Raises `ResourceUnavailable` when Globus fails or rejects this server's client.
    """
    with ConfidentialAppAuthClient(client_id, secret, transport=_transport(), retry_config=_once()) as auth:
        try:
            found = _call(lambda: auth.oauth2_token_introspect(token).data)
        except AuthenticationRejected:  # 401 is about our own client: a bad token is reported with status 200
            raise ResourceUnavailable(NOT_KNOWN) from None
    if not isinstance(found, Mapping):
        raise ResourceUnavailable(INVALID_RESPONSE)
    if not (found.get("active") is True and _is_for(found, client_id) and _is_in_time(found) and _is_user(found)):
        raise AuthenticationRejected(INCORRECT_CREDENTIALS)
    return found


def _is_for(found: Mapping[str, Any], client_id: str) -> bool:
    audience = found.get("aud")
    return found.get("iss") == ISSUER and isinstance(audience, list) and client_id in audience


def _is_in_time(found: Mapping[str, Any]) -> bool:
    now, begins, ends = time.time(), found.get("nbf", 0), found.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float):
        return False
    return begins - CLOCK_SKEW_SECONDS <= now < ends + CLOCK_SKEW_SECONDS


def _is_user(found: Mapping[str, Any]) -> bool:
    """Return False for a token that a program obtained for itself: its subject is the client."""
    subject = found.get("sub")
    known = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT and subject.isprintable()
    return known and subject != found.get("client_id")


def exchange(form: Mapping[str, str], *, client_id: str, secret: str) -> Mapping[str, Any]:
    """Return the token response for an authorization code; raises `AuthenticationRejected`, `ResourceUnavailable`."""
    with ConfidentialAppAuthClient(client_id, secret, transport=_transport(), retry_config=_once()) as auth:
        try:
            # Not `oauth2_token`: that would follow redirects, with the code and the verifier in the request.
            found = auth.request(
                "POST", "/v2/oauth2/token", data=dict(form), encoding="form", allow_redirects=False
            ).data
        except GlobusAPIError as error:
            if error.http_status >= SERVER_ERROR:
                raise ResourceUnavailable(UNREACHABLE) from None
            # An OAuth error is JSON; another body, such as the page of a proxy, says nothing about the code.
            if error.raw_json is None:
                raise ResourceUnavailable(INVALID_RESPONSE) from None
            raise AuthenticationRejected(INCORRECT_CREDENTIALS) from None
        except (ValueError, RecursionError):
            raise ResourceUnavailable(INVALID_RESPONSE) from None
        except GlobusError:
            raise ResourceUnavailable(UNREACHABLE) from None
    if not isinstance(found, Mapping):
        raise ResourceUnavailable(INVALID_RESPONSE)
    return found


def check_groups(token: str, *, allowed: Collection[str]) -> None:
    """Raise `NotAllowed` unless the user of this token is an active member of one of the groups."""
    authorizer = AccessTokenAuthorizer(token)
    with GroupsClient(authorizer=authorizer, transport=_transport(), retry_config=_once()) as groups:
        try:
            found = _call(lambda: groups.get_my_groups(statuses="active").data)
        except AuthenticationRejected:
            raise NotAllowed(NO_GROUP) from None
    if not isinstance(found, list):
        raise ResourceUnavailable(INVALID_RESPONSE)
    # The status is compared although the request selects by it: admission must not depend on that filter.
    if not any(_is_member(group) for group in found if isinstance(group, dict) and group.get("id") in allowed):
        raise NotAllowed(NO_GROUP)


def _is_member(group: Mapping[str, Any]) -> bool:
    memberships = group.get("my_memberships")
    if not isinstance(memberships, list):
        return False
    return any(isinstance(one, dict) and one.get("status") == "active" for one in memberships)


def ping(client_id: str, secret: str) -> None:
    """Raise `ResourceUnavailable` unless Globus Auth responds."""
    with ConfidentialAppAuthClient(client_id, secret, transport=_transport(), retry_config=_once()) as auth:
        _call(auth.get_openid_configuration)


def _call(ask: Callable[[], Found]) -> Found:
    """Return the response; raises `AuthenticationRejected` for a rejected token, else `ResourceUnavailable`."""
    try:
        return ask()
    except GlobusAPIError as error:
        if error.http_status in NOT_AUTHORIZED:
            raise AuthenticationRejected(INCORRECT_CREDENTIALS) from None
        raise ResourceUnavailable(UNREACHABLE) from None
    except (GlobusError, ValueError):
        raise ResourceUnavailable(UNREACHABLE) from None


def _transport() -> RequestsTransport:
    return RequestsTransport(http_timeout=SECONDS)


def _once() -> RetryConfig:
    """Return a configuration without retries: a user is waiting, and can try again."""
    return RetryConfig(max_retries=0)
