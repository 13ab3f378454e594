"""What is done with people and tokens."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F

from user_workspaces import registry
from user_workspaces.accounts.hot_queries import account_record
from user_workspaces.accounts.models import ApiToken, ExternalIdentity, LoginLink, OwnedAccount, User
from user_workspaces.accounts.scopes import USUAL, Scope, as_text, scopes_in
from user_workspaces.accounts.tokens import digest_of, new_token
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, NotAllowed
from user_workspaces.interfaces.values import Identity, SystemAccount

LOGIN_LINK_LIFETIME = timedelta(minutes=10)
USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def mint_token(
    *,
    user: User,
    name: str,
    now: datetime,
    lifetime: timedelta | None = None,
    scopes: Iterable[Scope] = USUAL,
) -> str:
    """Make an API token for a person and return its text, which is shown this once."""
    return _mint(user=user, name=name, now=now, lifetime=lifetime, scopes=as_text(scopes))


def mint_client_token(*, name: str, now: datetime, lifetime: timedelta | None = None) -> str:
    """Make a token for a program that vouches for people; it belongs to a service user of its own."""
    if not name.strip() or "\0" in name:
        raise InvalidRequest("A client needs a name, without NUL characters.")
    service, _ = User.objects.get_or_create(
        username=f"client:{name}"[:150], defaults={"is_service": True, "first_name": name[:150]}
    )
    return _mint(user=service, name=name, now=now, lifetime=lifetime, may_mint=True)


def _mint(
    *, user: User, name: str, now: datetime, lifetime: timedelta | None, scopes: str = "", may_mint: bool = False
) -> str:
    if "\0" in name:
        raise InvalidRequest("The name of a token cannot hold a NUL character.")
    token = new_token()
    ApiToken.objects.create(
        user=user,
        name=name[:200],
        digest=token.digest,
        prefix=token.prefix,
        scopes=scopes,
        may_mint=may_mint,
        created_at=now,
        expires_at=now + (registry.site().token_lifetime if lifetime is None else lifetime),
    )
    return token.text


def revoke_token(*, user: User, token_id: int, by: ApiToken | None = None) -> bool:
    """Take a person's own token away; False when there is none.

    `by`: the token that asks for it. It may take away itself, and tokens that can do no more than it can.
    """
    token = ApiToken.objects.filter(user=user, pk=token_id).first()
    if token is not None and by is not None and by.pk != token.pk:
        missing = scopes_in(token.scopes) - scopes_in(by.scopes)
        if missing:
            raise NotAllowed(f"This token lacks the scope {min(missing)}, which the other one has.")
    deleted, _ = ApiToken.objects.filter(user=user, pk=token_id).delete()
    return bool(deleted)


def sign_in(*, credentials: Mapping[str, object], authentication: str = "") -> User:
    """Return the person who brought these credentials, made at their first visit.

    `authentication`: one of those that are configured; without it the one of the API.
    """
    name = authentication or registry.site().api_user_authentication
    plugin = registry.current().user_authentications.get(name)
    identity = plugin.authenticate(credentials)
    if identity is None:
        raise AuthenticationRejected("Incorrect authentication credentials.")
    if identity.issuer != plugin.issuer:  # or one way to sign in could speak for the people of another
        raise AuthenticationRejected("Incorrect authentication credentials.")
    return user_of_identity(identity=identity)


def user_of_identity(*, identity: Identity) -> User:
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
        user, is_new = User.objects.get_or_create(
            username=identity.username,
            defaults={
                "email": identity.email[:254],
                "first_name": identity.first_name[:150],
                "last_name": identity.last_name[:150],
            },
        )
        _check_is(user, identity)
        if user.identities.exclude(issuer=identity.issuer, subject=identity.subject).exists():
            raise NotAllowed("This name belongs to a person who signs in elsewhere.")
        if identity.is_proven and not is_new and not user.identities.exists():
            raise NotAllowed(
                f"The name {identity.username} belongs to a person of this server already. If that is you, ask its "
                "operators to link the two."
            )
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
        raise AuthenticationRejected("Incorrect authentication credentials.")
    if not identity.is_proven and identity.email and user.email and identity.email.lower() != user.email.lower():
        raise NotAllowed("This name belongs to a person with another e-mail address.")


def create_user_by_name(*, username: str) -> User:
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
    record = account_record(user_id=user.pk, user_authentication=user_authentication, issuer=plugin.issuer)
    account = plugin.account_for(
        Identity(
            issuer=user_authentication if record.subject is None else plugin.issuer,
            subject=user.username if record.subject is None else record.subject,
            username=user.username,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
        )
    )
    name, uid = record.name, record.uid
    if name is None:
        made, _ = OwnedAccount.objects.get_or_create(
            user=user, user_authentication=user_authentication, defaults={"name": account.name, "uid": account.uid}
        )
        name, uid = made.name, made.uid
    if (name, uid) != (account.name, account.uid):
        raise NotAllowed(
            f"The system account of {user.username} is not the one it was: expected {name} with uid {uid}. "
            "Ask the operators of this server."
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


def forget_login_links(*, user: User) -> None:
    """Delete the unused log-in links of this user."""
    LoginLink.objects.filter(user=user).delete()


def log_out_everywhere(*, user: User, now: datetime) -> None:
    """End every log-in of a person, in every browser, and with it the way into every open session."""
    end_sessions(user=user)
    LoginLink.objects.filter(user=user).delete()
    for session in Session.objects.filter(expire_date__gt=now).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def deactivate(*, user: User, now: datetime) -> None:
    """Let a person no longer in: log-ins end, tokens are gone. What they have stays."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    ApiToken.objects.filter(user=user).delete()
    log_out_everywhere(user=user, now=now)


def activate(*, user: User) -> None:
    """Let a person in again."""
    User.objects.filter(pk=user.pk).update(is_active=True)


def make_administrator(*, user: User) -> None:
    """Let a person use the administration, all of it; tokens that a client had for them are gone."""
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    ApiToken.objects.filter(user=user).delete()


def end_sessions(*, user: User) -> None:
    """Make every ticket and session cookie that was given to this person worthless."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def end_log_ins(*, user: User) -> None:
    """Log a person out everywhere: every log-in to the portal, ticket and session cookie becomes worthless."""
    epochs = {"session_epoch": F("session_epoch") + 1, "log_in_epoch": F("log_in_epoch") + 1}
    User.objects.filter(pk=user.pk).update(**epochs)


def link_identity(*, username: str, issuer: str, subject: str) -> None:
    """Let a person who is there already sign in by a provider; an operator says that the two are one."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise InvalidRequest(f"There is no {username!r} here.")
    if user.is_service or user.is_staff or user.is_superuser:
        raise InvalidRequest(f"{username!r} is a service or an administrator: they sign in nowhere else.")
    linked, _ = ExternalIdentity.objects.get_or_create(issuer=issuer, subject=subject, defaults={"user": user})
    if linked.user_id != user.pk:
        raise InvalidRequest(f"{subject!r} of {issuer} is linked to somebody else.")
