"""Changes of users, identities, tokens and login links."""

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
    """Create an API token for a user and return its text, which is shown only once."""
    return _mint(user=user, name=name, now=now, lifetime=lifetime, scopes=as_text(scopes))


def mint_client_token(*, name: str, now: datetime, lifetime: timedelta | None = None) -> str:
    """Create a token for a program that authenticates its own users; the token belongs to a service user."""
    if not name.strip() or "\0" in name:
        raise InvalidRequest("A client needs a name, without NUL characters.")
    # No user name contains a colon, so that no login gets a service.
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
    """Delete a token of a user; False if there is none.

    `by`: the token of the request. It can revoke itself, and tokens without further scopes.
    """
    token = ApiToken.objects.filter(user=user, pk=token_id).first()
    if token is not None and by is not None and by.pk != token.pk:
        missing = scopes_in(token.scopes) - scopes_in(by.scopes)
        if missing:
            raise NotAllowed(f"This token lacks the scope {min(missing)}, which the other one has.")
    deleted, _ = ApiToken.objects.filter(user=user, pk=token_id).delete()
    return bool(deleted)


def sign_in(*, credentials: Mapping[str, object], authentication: str = "") -> User:
    """Return the user of these credentials, who is created at the first login.

    `authentication`: the name of a configured authentication; that of the API if empty.
    """
    name = authentication or registry.site().api_user_authentication
    plugin = registry.current().user_authentications.get(name)
    identity = plugin.authenticate(credentials)
    if identity is None:
        raise AuthenticationRejected("Incorrect authentication credentials.")
    if identity.issuer != plugin.issuer:  # else one authentication could log in the users of another
        raise AuthenticationRejected("Incorrect authentication credentials.")
    return user_of_identity(identity=identity)


def user_of_identity(*, identity: Identity) -> User:
    """Return the user of an identity; raises for services, administrators and another e-mail address."""
    known = ExternalIdentity.objects.select_related("user").filter(issuer=identity.issuer, subject=identity.subject)
    found = known.first()
    if found is None:
        return _first_login(identity)
    _check_identity(found.user, identity)
    return found.user


def _first_login(identity: Identity) -> User:
    """Create the user and the identity; of two simultaneous first logins the second one finds both."""
    if not USERNAME.fullmatch(identity.username):
        raise InvalidRequest(
            "user_info.username must start with a letter and have at most 32 lower case letters, digits, - and _."
        )
    with transaction.atomic():
        # One transaction: a user without an identity would later be rejected as an account of the command line.
        user, is_new = User.objects.get_or_create(
            username=identity.username,
            defaults={
                "email": identity.email[:254],
                "first_name": identity.first_name[:150],
                "last_name": identity.last_name[:150],
            },
        )
        _check_identity(user, identity)
        # Another provider may assign the same name to another person, who must not get this account.
        if user.identities.exclude(issuer=identity.issuer, subject=identity.subject).exists():
            raise NotAllowed("This user name belongs to a user who logs in with another identity provider.")
        # An equal name is no proof: the account may have been created for another person by an operator.
        if identity.is_proven and not is_new and not user.identities.exists():
            raise NotAllowed(
                f"The user name {identity.username} is already taken on this server. If it is yours, ask the server's "
                "administrators to link your identity."
            )
        ExternalIdentity.objects.get_or_create(user=user, issuer=identity.issuer, subject=identity.subject)
        if identity.email and not user.email:  # created at the command line, without an address
            user.email = identity.email
            user.save(update_fields=["email"])
    return user


def _check_identity(user: User, identity: Identity) -> None:
    """Raise unless the identity may log in as the user."""
    if user.is_service or user.is_staff or user.is_superuser:
        # A provider that assigns an administrator's name to a person would give them all rights.
        raise NotAllowed("This user name belongs to a service or an administrator.")
    if not user.is_active:
        raise AuthenticationRejected("Incorrect authentication credentials.")
    if not identity.is_proven and identity.email and user.email and identity.email.lower() != user.email.lower():
        raise NotAllowed("This user name belongs to a user with another e-mail address.")


def create_user_by_name(*, username: str) -> User:
    """Return the user with this name, who is created if necessary; for operators at the command line."""
    if not USERNAME.fullmatch(username):
        raise InvalidRequest(
            f"{username!r} is not a valid user name: it must start with a letter and have at most 32 lower case "
            "letters, digits, - and _."
        )
    user, _ = User.objects.get_or_create(username=username)
    if user.is_service:
        raise InvalidRequest(f"{username!r} is a service: services cannot log in.")
    return user


def system_account(*, user: User, user_authentication: str) -> SystemAccount:
    """Return the account that owns the files and processes of a user; it is recorded at the first use.

    Raises `NotAllowed` if the name has another uid since: the operating system may have given it to another person.
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
        # Of two simultaneous first uses both compare with the row that was inserted first.
        made, _ = OwnedAccount.objects.get_or_create(
            user=user, user_authentication=user_authentication, defaults={"name": account.name, "uid": account.uid}
        )
        name, uid = made.name, made.uid
    if (name, uid) != (account.name, account.uid):
        raise NotAllowed(
            f"The system account of {user.username} has changed: expected {name} with uid {uid}. "
            "Contact the administrators of this server."
        )
    return account


def create_login_link(*, user: User, now: datetime) -> str:
    """Return the secret part of a one-time link to the portal, which expires after ten minutes."""
    if not user.is_active:
        raise InvalidRequest(f"{user.username!r} is not active.")
    token = new_token()
    LoginLink.objects.filter(expires_at__lt=now).delete()
    LoginLink.objects.create(user=user, digest=token.digest, expires_at=now + LOGIN_LINK_LIFETIME)
    return token.text


def redeem_login_link(*, text: str, now: datetime) -> User | None:
    """Return the user of a link and delete the link; None for a used, expired or unknown one."""
    link = LoginLink.objects.select_related("user").filter(digest=digest_of(text), expires_at__gt=now).first()
    if link is None or not link.user.is_active:
        return None
    # Of simultaneous requests the DELETE of only one finds the row.
    used_now, _ = LoginLink.objects.filter(pk=link.pk).delete()
    return link.user if used_now else None


def forget_login_links(*, user: User) -> None:
    """Delete the unused login links of this user."""
    LoginLink.objects.filter(user=user).delete()


def log_out_everywhere(*, user: User, now: datetime) -> None:
    """End all logins of a user in all browsers, and the access to open sessions."""
    end_sessions(user=user)
    LoginLink.objects.filter(user=user).delete()
    # Django stores the user only in the encoded data of a session: all sessions have to be decoded.
    for session in Session.objects.filter(expire_date__gt=now).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def deactivate(*, user: User, now: datetime) -> None:
    """Lock a user out: end all logins and delete all tokens. Workspaces and jobs are kept."""
    # First, so that no new login succeeds while the others are ended.
    User.objects.filter(pk=user.pk).update(is_active=False)
    ApiToken.objects.filter(user=user).delete()
    log_out_everywhere(user=user, now=now)


def activate(*, user: User) -> None:
    """Allow a user to log in again."""
    User.objects.filter(pk=user.pk).update(is_active=True)


def make_administrator(*, user: User) -> None:
    """Give a user all rights of the administration, and delete the tokens that clients got for the user."""
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    ApiToken.objects.filter(user=user).delete()


def end_sessions(*, user: User) -> None:
    """Invalidate all tickets and session cookies of a user."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def end_log_ins(*, user: User) -> None:
    """Invalidate all portal logins, tickets and session cookies of a user."""
    epochs = {"session_epoch": F("session_epoch") + 1, "log_in_epoch": F("log_in_epoch") + 1}
    User.objects.filter(pk=user.pk).update(**epochs)


def link_identity(*, username: str, issuer: str, subject: str) -> None:
    """Let an existing user log in with an identity of a provider; for operators."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise InvalidRequest(f"Unknown user {username!r}.")
    if user.is_service or user.is_staff or user.is_superuser:
        raise InvalidRequest(f"{username!r} is a service or an administrator, who cannot use identity providers.")
    linked, _ = ExternalIdentity.objects.get_or_create(issuer=issuer, subject=subject, defaults={"user": user})
    if linked.user_id != user.pk:
        raise InvalidRequest(f"{subject!r} of {issuer} is linked to another user.")
