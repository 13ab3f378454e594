"""Encryption of text at rest, with a key outside of the database."""

import base64
import hashlib
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import models


@cache
def _fernet(key: str) -> Fernet:
    # Fernet takes exactly 32 bytes; the configured key may have any length.
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


def encrypt(text: str) -> str:
    """Return the text, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _fernet(settings.ENCRYPTION_KEY).encrypt(text.encode()).decode()


# Keyed by the encrypted text: a changed row has another key, so nothing has to be invalidated.
@lru_cache(maxsize=10_000)
def decrypt(text: str) -> str:
    """Return the text of an encrypted one; raises `cryptography.fernet.InvalidToken`.

    Cached, since the proxy reads the same rows several times a second.
    """
    return _fernet(settings.ENCRYPTION_KEY).decrypt(text.encode()).decode()


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:  # Django's class takes no type arguments at run time
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """A text field that is encrypted in the database; empty text stays empty."""

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt the value for the database."""
        # Encryption is randomized: equal values differ in the database, so queries cannot filter by this field.
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt the value from the database."""
        return decrypt(value) if value else value
