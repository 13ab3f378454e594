"""Who may watch what: found out once, when a WebSocket opens, and looked at again for as long as it is open."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.password_logins import may_log_in
from user_workspaces.accounts.queries import note_use
from user_workspaces.accounts.scopes import Scope, scopes_in
from user_workspaces.accounts.websocket_tickets import redeem_ticket
from user_workspaces.jobs.models import Job
from user_workspaces.websocket.errors import HandshakeRejected
from user_workspaces.websocket.handshake import Handshake


@dataclass(frozen=True, slots=True)
class Topic:
    """What is watched: one job, or all jobs of a person."""

    owner_id: int
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """On what a WebSocket rests. When any of it is no longer so, the WebSocket ends."""

    user_id: int
    epoch: int
    """The person's session epoch: a log-out ends it."""
    as_administrator: bool
    """It is somebody else's job."""
    may_open: bool
    """Whether what is told may hold the way into the session."""
    token_id: int | None
    session_key: str | None = field(default=None, repr=False)
    session_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Come in."""

    topic: Topic
    grant: Subscription


def subscribe(handshake: Handshake, *, now: datetime) -> Subscriber:
    """Return who may watch what; raises `Refused`."""
    user, token, session = _authenticate(handshake, now=now)
    topic = _topic(handshake.job_id, user)
    grant = Subscription(
        user_id=user.pk,
        epoch=user.session_epoch,
        as_administrator=topic.owner_id != user.pk,
        may_open=topic.owner_id == user.pk and (token is None or Scope.SESSIONS in scopes_in(token.scopes)),
        token_id=token.pk if token else None,
        session_key=session,
        session_hash=user.get_session_auth_hash() if session else None,
    )
    return Subscriber(topic, grant)


def revoked(grants: Iterable[Subscription], *, now: datetime) -> set[Subscription]:
    """Return which of these do not hold any more: three queries for thousands."""
    every = set(grants)
    users = _users({grant.user_id for grant in every})
    tokens = _tokens({grant.token_id for grant in every if grant.token_id is not None}, now=now)
    sessions = _sessions({grant.session_key for grant in every if grant.session_key is not None}, now=now)
    return {grant for grant in every if not _holds(grant, users.get(grant.user_id), tokens, sessions)}


def _holds(grant: Subscription, user: User | None, tokens: Collection[int], sessions: Collection[str]) -> bool:
    if user is None or not user.is_active or user.is_service or user.session_epoch != grant.epoch:
        return False
    # The role may be withdrawn while the WebSocket is open.
    if grant.as_administrator and not user.is_superuser:
        return False
    if grant.session_key is not None:
        # The hash depends on the password: a change of it ends the login, as in Django.
        return grant.session_key in sessions and grant.session_hash == user.get_session_auth_hash()
    return grant.token_id in tokens


def _authenticate(handshake: Handshake, *, now: datetime) -> tuple[User, ApiToken | None, str | None]:
    """Take the first thing that is offered, good or not."""
    token: ApiToken | None = None
    if handshake.token is not None:
        token = find_token(handshake.token, now=now)
    elif handshake.ticket is not None:
        token = redeem_ticket(handshake.ticket, now=now)
    elif handshake.session_key:
        user = _user_of(handshake.session_key)
        if user is not None:
            return user, None, handshake.session_key
    if token is None or token.user.is_service:
        raise HandshakeRejected(401, "Incorrect authentication credentials.")
    if Scope.READ not in scopes_in(token.scopes):
        raise HandshakeRejected(403, f"This token lacks the scope {Scope.READ}. Create a token that has it.")
    note_use(token, now=now)
    return token.user, token, None


def _user_of(session_key: str) -> User | None:
    """Return who is logged in to the portal with this key, as Django itself finds out."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    return user if may_log_in(user) else None


def _topic(job_id: int | None, user: User) -> Topic:
    if job_id is None:
        return Topic(user.pk)
    owner_id = Job.objects.filter(pk=job_id).values_list("owner_id", flat=True).first()
    # Jobs of others are 404 as well, so that the status reveals nothing about them.
    if owner_id is None or (owner_id != user.pk and not user.is_superuser):
        raise HandshakeRejected(404, f"Job {job_id} not found for user.")
    return Topic(owner_id, job_id)


def _users(ids: Collection[int]) -> dict[int, User]:
    return User.objects.in_bulk(list(ids)) if ids else {}


def _tokens(ids: Collection[int], *, now: datetime) -> set[int]:
    if not ids:
        return set()
    return set(ApiToken.objects.filter(pk__in=ids, expires_at__gt=now).values_list("pk", flat=True))


def _sessions(keys: Collection[str], *, now: datetime) -> set[str]:
    if not keys:
        return set()
    return set(Session.objects.filter(pk__in=keys, expire_date__gt=now).values_list("pk", flat=True))
