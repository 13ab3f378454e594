"""How many runs of one person may wait: made and not started, and in the queue. Two at once do not exceed it."""

from django.db import transaction

from user_workspaces import registry
from user_workspaces.errors import TooManyAtOnce
from user_workspaces.quotas.accounts import lock_account
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus

NEW = "{number} runs of yours were made and not started yet, and no more can be. Start or delete some of them first."
QUEUED = "{number} runs of yours wait to be started, and no more can. Wait until some of them have begun, or stop some."


def check_new(owner_id: int) -> None:
    """Raise `TooManyAtOnce` for a person who has made so many runs without starting them as one may."""
    _check(owner_id, RunStatus.CREATED, NEW)


def check_queue(owner_id: int) -> None:
    """Raise `TooManyAtOnce` for a person of whom so many runs wait in the queue as may."""
    _check(owner_id, RunStatus.QUEUED, QUEUED)


def hold_new(owner_id: int) -> None:
    """Check as `check_new` does, and keep others from making one more until the transaction ends."""
    _hold(owner_id)
    check_new(owner_id)


def reserve_waiting_slot(owner_id: int) -> None:
    """Check as `check_queue` does, and keep others from queueing one more until the transaction ends."""
    _hold(owner_id)
    check_queue(owner_id)


def _hold(owner_id: int) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("What is held outside of a transaction is not held.")
    if registry.site().workflows.queued_per_user is not None:
        lock_account(owner_id)


def _check(owner_id: int, status: RunStatus, message: str) -> None:
    most = registry.site().workflows.queued_per_user
    if most is not None and Run.objects.filter(owner_id=owner_id, status=status).count() >= most:
        raise TooManyAtOnce(message.format(number=most))
