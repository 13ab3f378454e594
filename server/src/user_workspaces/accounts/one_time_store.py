"""Values that plug-ins store for a few minutes and read once, such as the state of a login; encrypted at rest."""

import hashlib
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from user_workspaces.accounts.models import OneTimeValue
from user_workspaces.errors import InvalidRequest


def put(key: str, value: str, seconds: int) -> None:
    """Store a text; raises `InvalidRequest` for a key that is in use, since a value is never replaced."""
    now = timezone.now()
    digest, expires_at = _digest(key), now + timedelta(seconds=seconds)
    # An expired row would keep its key in use until the controller removes it.
    OneTimeValue.objects.filter(digest=digest, expires_at__lte=now).delete()
    try:
        # A savepoint inside another transaction, which an IntegrityError would otherwise make unusable.
        with transaction.atomic():
            OneTimeValue.objects.create(digest=digest, value=value, expires_at=expires_at)
    except IntegrityError:
        raise InvalidRequest("This login was already started. Please try again.") from None


def pop(key: str) -> str | None:
    """Return a stored text and delete it; of simultaneous calls only one gets it. None if unknown or expired."""
    found = OneTimeValue.objects.filter(digest=_digest(key), expires_at__gt=timezone.now()).first()
    if found is None:
        return None
    # Of simultaneous calls the DELETE of only one finds the row.
    taken, _ = OneTimeValue.objects.filter(pk=found.pk).delete()
    return found.value if taken else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
