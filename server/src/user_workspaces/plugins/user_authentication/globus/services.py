"""Globus Auth and Globus Groups, through their own SDK: where they are comes from its environment variables."""

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
from user_workspaces.interfaces.pending_login import REFUSED

ISSUER = "https://auth.globus.org"
SECONDS = 5.0
CLOCK_SKEW_SECONDS = 60
LONGEST_SUBJECT = 255
SILENT = "Globus does not answer. Try again later."
ODD = "Globus gives answers that cannot be understood. Try again later."
NOT_KNOWN = "Globus does not accept the credentials of this server. Tell its operators."
NO_GROUP = "You are in none of the groups that may use this server."
NOT_AUTHORIZED = (401, 403)
Found = TypeVar("Found")


def introspect(token: str, *, client_id: str, secret: str) -> Mapping[str, Any]:
    """Return what Globus Auth says of a token that is good, and was made for us; raises `AuthenticationRejected`.

    Globus calls a token inactive that expired or was revoked, and one whose audience the asking client is not in.
    """
    with ConfidentialAppAuthClient(client_id, secret, transport=_transport(), retry_config=_once()) as auth:
        try:
            found = _call(lambda: auth.oauth2_token_introspect(token).data)
        except AuthenticationRejected:  # it is us whom Globus refuses: a bad token is an answer like any other
            raise ResourceUnavailable(NOT_KNOWN) from None
    if not isinstance(found, Mapping):
        raise ResourceUnavailable(ODD)
    if not (found.get("active") is True and _is_for(found, client_id) and _is_in_time(found) and _is_user(found)):
        raise AuthenticationRejected(REFUSED)
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
    """A token of a program in its own name has nobody behind it."""
    subject = found.get("sub")
    known = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT and subject.isprintable()
    return known and subject != found.get("client_id")


def check_groups(token: str, *, allowed: Collection[str]) -> None:
    """Raise `NotAllowed` unless the person of this token is an active member of one of the groups."""
    authorizer = AccessTokenAuthorizer(token)
    with GroupsClient(authorizer=authorizer, transport=_transport(), retry_config=_once()) as groups:
        try:
            found = _call(lambda: groups.get_my_groups(statuses="active").data)
        except AuthenticationRejected:
            raise NotAllowed(NO_GROUP) from None
    if not isinstance(found, list):
        raise ResourceUnavailable(ODD)
    if not any(_is_member(group) for group in found if isinstance(group, dict) and group.get("id") in allowed):
        raise NotAllowed(NO_GROUP)


def _is_member(group: Mapping[str, Any]) -> bool:
    memberships = group.get("my_memberships")
    if not isinstance(memberships, list):
        return False
    return any(isinstance(one, dict) and one.get("status") == "active" for one in memberships)


def ping(client_id: str, secret: str) -> None:
    """Raise `ResourceUnavailable` unless Globus Auth answers."""
    with ConfidentialAppAuthClient(client_id, secret, transport=_transport(), retry_config=_once()) as auth:
        _call(auth.get_openid_configuration)


def _call(ask: Callable[[], Found]) -> Found:
    """Return the answer; a refusal of the token is one thing, a service that is ill another."""
    try:
        return ask()
    except GlobusAPIError as error:
        if error.http_status in NOT_AUTHORIZED:
            raise AuthenticationRejected(REFUSED) from None
        raise ResourceUnavailable(SILENT) from None
    except (GlobusError, ValueError):
        raise ResourceUnavailable(SILENT) from None


def _transport() -> RequestsTransport:
    return RequestsTransport(http_timeout=SECONDS)


def _once() -> RetryConfig:
    """People wait: they try again themselves."""
    return RetryConfig(max_retries=0)
