"""What is done with people and tokens."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from user_workspaces import registry
from user_workspaces.accounts.models import ApiToken, ExternalIdentity, LoginLink, OwnedAccount, User
from user_workspaces.accounts.tokens import digest_of, new_token
from user_workspaces.errors import AuthenticationRefused, InvalidRequest, NotAllowed
from user_workspaces.interfaces.values import Identity, SystemAccount

LOGIN_LINK_LIFETIME = timedelta(minutes=10)
USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def mint_token(*, user: User, name: str, now: datetime, lifetime: timedelta | None = None) -> str:
    """Make an API token for a person and return its text, which is shown this once."""
    return _mint(user=user, name=name, now=now, lifetime=lifetime, may_mint=False)


def mint_client_token(*, name: str, now: datetime, lifetime: timedelta | None = None) -> str:
    """Make a token for a program that vouches for people; it belongs to a service user of its own."""
    if not name.strip() or "\0" in name:
        raise InvalidRequest("A client needs a name, without NUL characters.")
    service, _ = User.objects.get_or_create(
        username=f"client:{name}"[:150], defaults={"is_service": True, "first_name": name[:150]}
    )
    return _mint(user=service, name=name, now=now, lifetime=lifetime, may_mint=True)


def _mint(*, user: User, name: str, now: datetime, lifetime: timedelta | None, may_mint: bool) -> str:
    if "\0" in name:
        raise InvalidRequest("The name of a token cannot hold a NUL character.")
    token = new_token()
    ApiToken.objects.create(
        user=user,
        name=name[:200],
        digest=token.digest,
        prefix=token.prefix,
        may_mint=may_mint,
        created_at=now,
        expires_at=now + (registry.site().token_lifetime if lifetime is None else lifetime),
    )
    return token.text


def revoke_token(*, user: User, token_id: int) -> bool:
    """Take a person's own token away; False when there is none."""
    deleted, _ = ApiToken.objects.filter(user=user, pk=token_id).delete()
    return bool(deleted)


def sign_in(*, credentials: Mapping[str, object]) -> User:
    """Return the person who brought these credentials, made at their first visit."""
    plugin = registry.current().user_authentications.get(registry.site().api_user_authentication)
    identity = plugin.authenticate(credentials)
    if identity is None:
        raise AuthenticationRefused("Incorrect authentication credentials.")
    return person_for(identity=identity)


def person_for(*, identity: Identity) -> User:
    """Return the person of an identity. Never a service, an administrator, or somebody with another e-mail."""
    known = ExternalIdentity.objects.select_related("user").filter(issuer=identity.issuer, subject=identity.subject)
    found = known.first()
    if found is None:
        return _first_visit(identity)
    _check_is(found.user, identity)
    return found.user


def _first_visit(identity: Identity) -> User:
    """Two first visits at once are one: whoever is second finds the person and the identity there."""
    if not USERNAME.fullmatch(identity.username):
        raise InvalidRequest(
            "user_info.username must start with a letter and have at most 32 lower case letters, digits, - and _."
        )
    with transaction.atomic():
        user, _ = User.objects.get_or_create(
            username=identity.username,
            defaults={
                "email": identity.email,
                "first_name": identity.first_name[:150],
                "last_name": identity.last_name[:150],
            },
        )
        _check_is(user, identity)
        if user.identities.exclude(issuer=identity.issuer, subject=identity.subject).exists():
            raise NotAllowed("This name belongs to a person who signs in elsewhere.")
        ExternalIdentity.objects.get_or_create(user=user, issuer=identity.issuer, subject=identity.subject)
        if identity.email and not user.email:  # made at the command line: from now on it is this person's
            user.email = identity.email
            user.save(update_fields=["email"])
    return user


def _check_is(user: User, identity: Identity) -> None:
    """Refuse to take somebody for a person they cannot be."""
    if user.is_service or user.is_staff or user.is_superuser:
        raise NotAllowed("This name belongs to a service or an administrator.")
    if not user.is_active:
        raise AuthenticationRefused("Incorrect authentication credentials.")
    if identity.email and user.email and identity.email.lower() != user.email.lower():
        raise NotAllowed("This name belongs to a person with another e-mail address.")


def create_person(*, username: str) -> User:
    """Return the person of this name for an operator at the command line, made where there is none."""
    if not USERNAME.fullmatch(username):
        raise InvalidRequest(
            f"{username!r} cannot be a user name: it starts with a letter and has at most 32 lower case "
            "letters, digits, - and _."
        )
    user, _ = User.objects.get_or_create(username=username)
    if user.is_service:
        raise InvalidRequest(f"{username!r} is a service: it does not log in.")
    return user


def system_account(*, user: User, user_authentication: str) -> SystemAccount:
    """Return the account that a person's files and processes belong to, made at first use.

    The uid is on record from then on: a name that was given to somebody else in the meantime is refused.
    """
    plugin = registry.current().user_authentications.get(user_authentication)
    account = plugin.account_for(
        Identity(
            issuer=user_authentication,
            subject=user.username,
            username=user.username,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
        )
    )
    on_record, _ = OwnedAccount.objects.get_or_create(
        user=user, user_authentication=user_authentication, defaults={"name": account.name, "uid": account.uid}
    )
    if (on_record.name, on_record.uid) != (account.name, account.uid):
        raise NotAllowed(
            f"The system account of {user.username} is not the one it was: expected {on_record.name} with uid "
            f"{on_record.uid}. Ask the operators of this server."
        )
    return account


def create_login_link(*, user: User, now: datetime) -> str:
    """Return the secret part of a one-time link to the portal, good for ten minutes."""
    if not user.is_active:
        raise InvalidRequest(f"{user.username!r} is not active.")
    token = new_token()
    LoginLink.objects.filter(expires_at__lt=now).delete()
    LoginLink.objects.create(user=user, digest=token.digest, expires_at=now + LOGIN_LINK_LIFETIME)
    return token.text


def redeem_login_link(*, text: str, now: datetime) -> User | None:
    """Return whose link this is and use it up; None for a used, old or unknown one."""
    link = LoginLink.objects.select_related("user").filter(digest=digest_of(text), expires_at__gt=now).first()
    if link is None or not link.user.is_active:
        return None
    used_now, _ = LoginLink.objects.filter(pk=link.pk).delete()
    return link.user if used_now else None


def end_sessions(*, user: User) -> None:
    """Make every ticket and session cookie that was given to this person worthless."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
