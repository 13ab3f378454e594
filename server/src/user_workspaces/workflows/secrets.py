"""Secrets of people: added and deleted all or none, read by nobody but the steps of their runs."""

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
"""Variables by which shells, loaders, container runtimes and the runner find what they need."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret as somebody sends it."""

    name: str
    kind: str
    value: str = field(repr=False)
    """In Base64."""

    @classmethod
    def read(cls, name: str, told: object) -> "NewSecret":
        """Read `{"type": "env" or "file", "value": <Base64>}`; raises `InvalidRequest`, which names no value."""
        if not isinstance(told, dict) or not isinstance(told.get("value"), str):
            raise InvalidRequest("Each secret must be an object with a type and a value.")
        kind = told.get("type")
        if kind not in {Secret.ENVIRONMENT, Secret.FILE}:
            raise InvalidRequest("The type of a secret is env or file.")
        _check_name(name, kind)
        return cls(name, kind, _checked_value(told["value"], kind))


def is_reserved(name: str) -> bool:
    """Return whether a variable of this name would change how the commands of a run are found and run."""
    return name in RESERVED or name.startswith(RESERVED_BEGINNINGS)


def is_left_out(secret: Secret) -> bool:
    """Return whether commands do not get a secret: it was stored before its name was reserved."""
    return secret.kind == Secret.ENVIRONMENT and is_reserved(secret.name)


def _check_name(name: str, kind: str) -> None:
    if kind == Secret.ENVIRONMENT:
        if not VARIABLE.fullmatch(name) or len(name) > LONGEST_NAME:
            raise InvalidRequest("The name of a secret that is a variable has letters, digits and _ only.")
        if is_reserved(name):
            raise InvalidRequest(f"{name} cannot be a secret: it decides how commands run. Choose another name.")
        return
    if not name or name in {".", ".."} or "/" in name or not name.isprintable() or len(name.encode()) > LONGEST_NAME:
        raise InvalidRequest("The name of a secret that is a file must be one that a file can have.")


def _checked_value(value: str, kind: str) -> str:
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("The value of a secret must be in Base64.") from None
    if len(content) > LARGEST_VALUE:
        raise InvalidRequest(f"A secret has at most {LARGEST_VALUE} bytes.")
    if kind == Secret.ENVIRONMENT and b"\0" in content:
        raise InvalidRequest("The value of a secret that is a variable cannot hold a NUL.")
    return value


def add_secrets(*, owner: User, new: Sequence[NewSecret], overwrite: bool) -> bool:
    """Add all, or none where one of these names is taken (False), unless they may be overwritten."""
    names = [one.name for one in new]
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        taken = Secret.objects.filter(owner=owner, name__in=names)
        if not overwrite and taken.exists():
            return False
        taken.delete()
        if Secret.objects.filter(owner=owner).count() + len(new) > MOST_SECRETS:
            raise InvalidRequest(f"One person has at most {MOST_SECRETS} secrets.")
        Secret.objects.bulk_create(Secret(owner=owner, name=one.name, kind=one.kind, value=one.value) for one in new)
    return True


def delete_secrets(*, owner: User, names: Sequence[str]) -> list[str]:
    """Delete all, or none where some are not there: return which those are."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        there = Secret.objects.filter(owner=owner, name__in=[name for name in names if "\0" not in name])
        known = set(there.values_list("name", flat=True))
        missing = [name for name in names if name not in known]
        if not missing:
            there.delete()
    return missing
