"""The API token of a session: valid for workflows only, and deleted when the session is stopped or ends.

Its text is derived from the session's secret, so that a repeated submission passes on the same token.
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
    """Return the token of a session, which may not be granted yet."""
    return derived_token(job.secret, purpose="reana")


def grant_session_token(*, job: Job, now: datetime, start: datetime | None = None) -> bool:
    """Make a session's token valid until the time limit of the session; False if the job is being stopped or has ended.

    `start` is the start of the session; until it is known, the time limit counts from `now`. Idempotent. The lock on
    the job's row orders this before or after a concurrent end of the job, so that no token outlives its job.
    """
    token = session_token(job)
    limit = job.time_limit_seconds
    lasts = registry.site().token_lifetime if limit is None else timedelta(seconds=limit)
    with transaction.atomic():
        # The same lock that `change_status` takes with its UPDATE of the job.
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
    """Return the live session that a token was derived for; None for any other token.

    The name of a token proves nothing, because users choose names: the derived digest is compared.
    """
    live = Job.objects.filter(owner_id=token.user_id, status__in=LIVE)
    return next((job for job in live if session_token(job).digest == token.digest), None)


def revoke_session_token(job: Job) -> None:
    """Delete the token of a session, if there is one."""
    ApiToken.objects.filter(digest=session_token(job).digest).delete()
