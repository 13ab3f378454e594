"""The API token of a session: made for a job that is wanted, gone with it, and good for workflows alone.

Its text follows from the session's own secret, so a submission that is done again hands out the same token.
"""

from datetime import datetime, timedelta

from django.db import transaction

from user_workspaces import registry
from user_workspaces.accounts.models import ApiToken
from user_workspaces.accounts.scopes import Scope, as_text
from user_workspaces.accounts.tokens import NewToken, derived_token
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE, STOPPABLE


def session_token(job: Job) -> NewToken:
    """Return the token of a session, whether it is good by now or not."""
    return derived_token(job.secret, purpose="reana")


def grant_session_token(*, job: Job, now: datetime, start: datetime | None = None) -> bool:
    """Make a session's token good until the time limit of the session; False: the job is not wanted any more.

    `start`: when the session began; before that is known, time counts from now. Doing it again is harmless. Who ends
    the job at the same moment waits for this, or is first: no token of an ended job is ever left.
    """
    token = session_token(job)
    limit = job.time_limit_seconds
    lasts = registry.site().token_lifetime if limit is None else timedelta(seconds=limit)
    with transaction.atomic():
        if not list(Job.objects.select_for_update().filter(pk=job.pk, status__in=STOPPABLE).values_list("pk")):
            return False
        ApiToken.objects.update_or_create(
            digest=token.digest,
            defaults={"expires_at": (start or now) + lasts},
            create_defaults={
                "user_id": job.owner_id,
                "name": f"Session {job.pk}",
                "prefix": token.prefix,
                "scopes": as_text([Scope.WORKFLOWS]),
                "created_at": now,
                "expires_at": (start or now) + lasts,
            },
        )
    return True


def session_of(token: ApiToken) -> Job | None:
    """Return the session that a token was made for; None: it is another one.

    Names of tokens are for people: a session is known by its secret, from which nobody else can derive the token.
    """
    live = Job.objects.filter(owner_id=token.user_id, status__in=LIVE)
    return next((job for job in live if session_token(job).digest == token.digest), None)


def revoke_session_token(job: Job) -> None:
    """Take the token of a session away; no-op when there is none."""
    ApiToken.objects.filter(digest=session_token(job).digest).delete()
