"""Secrets whose names are variables that commands need: refused, and those of earlier versions are left out."""

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
def test_a_name_that_commands_need_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        NewSecret.read(name, {"type": "env", "value": TEXT})
    assert caught.value.message == f"{name} is a reserved name: it changes how commands run. Choose another name."
    assert NewSecret.read(name, {"type": "file", "value": TEXT}).name == name


@pytest.mark.parametrize("name", ["PATHS", "MY_LD_PRELOAD", "LDAP_PASSWORD", "path", "CERN_USER", "LANG", "TZ"])
def test_a_name_that_is_like_one_is_taken(name: str) -> None:
    assert NewSecret.read(name, {"type": "env", "value": TEXT}).name == name


def test_one_that_is_stored_already_is_left_out_and_the_log_says_so(ada: User) -> None:
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
