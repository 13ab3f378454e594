"""Text that is encrypted at rest, with a key that is not in the database."""

import base64
import hashlib
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import models


@cache
def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


def encrypt(text: str) -> str:
    """Return the text, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _fernet(settings.ENCRYPTION_KEY).encrypt(text.encode()).decode()


@lru_cache(maxsize=10_000)
def decrypt(text: str) -> str:
    """Return what `encrypt` was given; raises `cryptography.fernet.InvalidToken` for anything else.

    Remembered: the proxy reads the same rows several times a second.
    """
    return _fernet(settings.ENCRYPTION_KEY).decrypt(text.encode()).decode()


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:  # Django's own class takes no type arguments when it runs
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """A text that is never stored in clear; empty stays empty."""

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt on the way to the database."""
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt on the way back."""
        return decrypt(value) if value else value
