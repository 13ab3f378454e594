"""Secrets of users: added and deleted atomically, and passed only to the steps of their runs."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.models import Secret

MOST_SECRETS = 100
LARGEST_VALUE = 1 << 20
LONGEST_NAME = 200
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset(
    {
        *("HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "USER"),
        *("BASHOPTS", "BASH_ENV", "CDPATH", "ENV", "GCONV_PATH", "IFS", "PROMPT_COMMAND", "PS4", "SHELLOPTS"),
        *("PERL5LIB", "PERL5OPT", "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP"),
        *("DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST"),
        *("REANA_JOB_UUID", "REANA_SECRETS_DIR", "REANA_WORKSPACE"),
    }
)
RESERVED_BEGINNINGS = ("APPTAINER", "DYLD_", "LD_", "SINGULARITY", "UWS_")
"""Variables that change how shells, loaders, container runtimes and the runner work."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret in a request."""

    name: str
    kind: str
    value: str = field(repr=False)
    """Base64."""

    @classmethod
    def read(cls, name: str, sent: object) -> "NewSecret":
        """Parse `{"type": "env" or "file", "value": <Base64>}`; raises `InvalidRequest`, never with the value."""
        if not isinstance(sent, dict) or not isinstance(sent.get("value"), str):
            raise InvalidRequest("Each secret must be an object with a type and a value.")
        kind = sent.get("type")
        if kind not in {Secret.ENVIRONMENT, Secret.FILE}:
            raise InvalidRequest("The type of a secret must be env or file.")
        _check_name(name, kind)
        return cls(name, kind, _checked_value(sent["value"], kind))


def is_reserved(name: str) -> bool:
    """Return whether a variable with this name could change how the commands of a run are executed."""
    return name in RESERVED or name.startswith(RESERVED_BEGINNINGS)


def is_left_out(secret: Secret) -> bool:
    """Return whether a secret is withheld from commands: it was stored before its name was reserved."""
    return secret.kind == Secret.ENVIRONMENT and is_reserved(secret.name)


def _check_name(name: str, kind: str) -> None:
    if kind == Secret.ENVIRONMENT:
        if not VARIABLE.fullmatch(name) or len(name) > LONGEST_NAME:
            raise InvalidRequest("The name of an environment variable may have letters, digits and _ only.")
        if is_reserved(name):
            raise InvalidRequest(f"{name} is a reserved name: it changes how commands run. Choose another name.")
        return
    if not name or name in {".", ".."} or "/" in name or not name.isprintable() or len(name.encode()) > LONGEST_NAME:
        raise InvalidRequest("The name of a file secret must be a valid file name.")


def _checked_value(value: str, kind: str) -> str:
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):  # ValueError: a character that is not ASCII
        raise InvalidRequest("The value of a secret must be Base64.") from None
    if len(content) > LARGEST_VALUE:
        raise InvalidRequest(f"A secret can have at most {LARGEST_VALUE} bytes.")
    if kind == Secret.ENVIRONMENT and b"\0" in content:
        raise InvalidRequest("The value of an environment variable cannot contain a NUL character.")
    return value


def add_secrets(*, owner: User, new: Sequence[NewSecret], overwrite: bool) -> bool:
    """Add all secrets; without `overwrite`, add none and return False if one of the names exists."""
    names = [one.name for one in new]
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # concurrent requests cannot exceed the limit together
        taken = Secret.objects.filter(owner=owner, name__in=names)
        if not overwrite and taken.exists():
            return False
        taken.delete()
        if Secret.objects.filter(owner=owner).count() + len(new) > MOST_SECRETS:
            raise InvalidRequest(f"A user can have at most {MOST_SECRETS} secrets.")
        Secret.objects.bulk_create(Secret(owner=owner, name=one.name, kind=one.kind, value=one.value) for one in new)
    return True


def delete_secrets(*, owner: User, names: Sequence[str]) -> list[str]:
    """Delete all secrets, or none if some do not exist; return the missing names."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        # PostgreSQL rejects a NUL in a value; a secret with one in its name cannot exist.
        there = Secret.objects.filter(owner=owner, name__in=[name for name in names if "\0" not in name])
        known = set(there.values_list("name", flat=True))
        missing = [name for name in names if name not in known]
        if not missing:
            there.delete()
    return missing
