"""The account row of each user: it serializes what takes quota, and records that the user is over the disk quota."""

import logging
from datetime import datetime

from user_workspaces.observability.warning_log import WARNINGS
from user_workspaces.quotas.models import QuotaAccount
from user_workspaces.quotas.values import Usage

logger = logging.getLogger(__name__)


def lock_account(owner_id: int) -> None:
    """Lock a user's account until the transaction ends, so that only one transaction at a time takes their quota."""
    QuotaAccount.objects.get_or_create(user_id=owner_id)
    # A second query, because `get_or_create` does not lock a row that exists.
    QuotaAccount.objects.select_for_update().get(user_id=owner_id)


def record_disk_usage(*, owner_id: int, usage: Usage[int], now: datetime) -> None:
    """Record since when a user is over their disk quota; log it when that is new."""
    account = QuotaAccount.objects.filter(user_id=owner_id)
    # Conditional updates: of concurrent measurements only the one that changes the row logs.
    if not usage.is_over:
        account.filter(over_disk_since__isnull=False).update(over_disk_since=None)
    elif account.filter(over_disk_since__isnull=True).update(over_disk_since=now):
        WARNINGS.warn(logger, f"user {owner_id}", "is over the disk quota: uploads and launches are blocked")
