"""The limit of a user's waiting runs: those not started, and those queued. Exact for concurrent requests."""

from django.db import transaction

from user_workspaces import registry
from user_workspaces.errors import TooManyAtOnce
from user_workspaces.quotas.accounts import lock_account
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus

NEW = "{number} of your runs are not started, which is the maximum. Start or delete some of them."
QUEUED = "{number} of your runs are queued, which is the maximum. Wait until some of them have started, or stop some."


def check_new(owner_id: int) -> None:
    """Raise `TooManyAtOnce` if a user has the most runs that are created and not started."""
    _check(owner_id, RunStatus.CREATED, NEW)


def check_queue(owner_id: int) -> None:
    """Raise `TooManyAtOnce` if a user has the most queued runs."""
    _check(owner_id, RunStatus.QUEUED, QUEUED)


def reserve_new_slot(owner_id: int) -> None:
    """Do `check_new` under a lock that keeps concurrent requests waiting until the transaction ends."""
    _lock(owner_id)
    check_new(owner_id)


def reserve_waiting_slot(owner_id: int) -> None:
    """Do `check_queue` under a lock that keeps concurrent requests waiting until the transaction ends."""
    _lock(owner_id)
    check_queue(owner_id)


def _lock(owner_id: int) -> None:
    # SQLite ignores `select_for_update`: a missing transaction would be noticed on PostgreSQL only.
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("The limit of waiting runs must be checked in a transaction.")
    if registry.site().workflows.queued_per_user is not None:
        lock_account(owner_id)


def _check(owner_id: int, status: RunStatus, message: str) -> None:
    most = registry.site().workflows.queued_per_user
    if most is not None and Run.objects.filter(owner_id=owner_id, status=status).count() >= most:
        raise TooManyAtOnce(message.format(number=most))
