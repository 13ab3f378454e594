"""Secrets are not stored as plain text in the database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connection
from django.utils import timezone

from user_workspaces.accounts.encryption import decrypt, encrypt
from user_workspaces.accounts.models import User
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace


def test_encryption_round_trip_never_repeats_a_text() -> None:
    assert decrypt(encrypt("geheim \N{KEY}")) == "geheim \N{KEY}"
    assert encrypt("a") != encrypt("a")


@pytest.mark.parametrize("text", ["", "clear text", "gAAAAA"])
def test_decrypt_rejects_other_text(text: str) -> None:
    with pytest.raises(InvalidToken):
        decrypt(text)


def test_decrypt_rejects_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    text = encrypt("a")
    monkeypatch.setattr(settings, "ENCRYPTION_KEY", "another key of another installation, long enough")
    with pytest.raises(InvalidToken):
        decrypt(text)


@pytest.mark.django_db(transaction=True)
def test_secrets_are_encrypted_in_the_database(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    owner = make_user()
    launch = LaunchRequest(owner=owner, workspace_id=workspace_of(owner).pk, job_type="local_test")
    job = start_job(launch, now=timezone.now())
    Job.objects.filter(pk=job.pk).update(endpoint="token of the session")
    kept = Job.objects.get(pk=job.pk)
    assert (kept.secret, kept.endpoint) == (job.secret, "token of the session")
    raw = raw_rows()
    assert job.key.encode() in raw
    assert job.secret.encode() not in raw
    assert b"token of the session" not in raw


def raw_rows() -> bytes:
    """Return the bytes of the database file, else the stored values without decryption."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM jobs_job")
        rows = repr(cursor.fetchall()).encode()
    if connection.vendor != "sqlite":
        return rows
    file = Path(settings.DATABASES["default"]["NAME"])
    return rows + b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
