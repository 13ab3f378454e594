"""Secrets with reserved names: rejected, and omitted if an earlier version stored them."""

import base64
import json

import pytest

from support.runs import controlled, queued
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.lifecycle.launch import secrets_for
from user_workspaces.workflows.models import Secret
from user_workspaces.workflows.secrets import NewSecret
from user_workspaces.workflows.storage.locations import PLAN, SECRETS, state_of

pytestmark = pytest.mark.django_db
TEXT = base64.b64encode(b"/nowhere").decode()


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "USER", "SHELL", "IFS", "ENV", "BASH_ENV", "PYTHONPATH", "DOCKER_HOST"),
        *("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "UWS_JOB_KEY", "APPTAINERENV_PATH", "REANA_WORKSPACE"),
    ],
)
def test_reserved_name_is_rejected(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        NewSecret.read(name, {"type": "env", "value": TEXT})
    assert caught.value.message == f"{name} is a reserved name: it changes how commands run. Choose another name."
    assert NewSecret.read(name, {"type": "file", "value": TEXT}).name == name


@pytest.mark.parametrize("name", ["PATHS", "MY_LD_PRELOAD", "LDAP_PASSWORD", "path", "CERN_USER", "LANG", "TZ"])
def test_name_similar_to_reserved_one_is_accepted(name: str) -> None:
    assert NewSecret.read(name, {"type": "env", "value": TEXT}).name == name


def test_stored_secret_with_reserved_name_is_omitted_with_warning(ada: User) -> None:
    for name in ("PATH", "PASSWORD", "LD_AUDIT"):
        Secret.objects.create(owner=ada, name=name, kind=Secret.ENVIRONMENT, value=TEXT)
    run = queued(ada)
    controlled()
    run.refresh_from_db()
    state = state_of(run)
    with state.storage.open(state.location, PLAN) as file:
        warning = json.load(file)["runtime"]["warning"]
    assert warning.endswith(
        " Commands do not receive the secrets LD_AUDIT, PATH: these names are reserved. Store them under other names."
    )
    assert set(secrets_for(run).variables) == {"PASSWORD"}
    with state.storage.open(state.location, f"{SECRETS}/environment.json") as file:
        assert json.load(file) == {"PASSWORD": "/nowhere"}
