"""Reports of open home directories: operators see their paths, all others only their number."""

import os
import pwd
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from support.machine_accounts import add_account, remove_account
from user_workspaces import registry
from user_workspaces.accounts.models import OwnedAccount, User
from user_workspaces.config.apps import accounts_of
from user_workspaces.registry import Declaration, PluginKind, Registry, Surroundings

NAME = f"uwsplug{os.getpid()}"
pytestmark = [
    pytest.mark.root,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts"),
]


@pytest.fixture
def home(tmp_path: Path, site: Registry) -> Iterator[Path]:
    """Ada's open home directory, on a site that uses accounts of this machine."""
    add_account(NAME, "--create-home", "--home-dir", str(tmp_path / "ada"), "-K", "HOME_MODE=0755")
    ada = User.objects.create(username=NAME)
    OwnedAccount.objects.create(user=ada, user_authentication="local", name=NAME, uid=pwd.getpwnam(NAME).pw_uid)
    declared = Declaration(PluginKind.USER_AUTHENTICATION, "local", "LocalUserAuthentication", {}, "local")
    built = registry.build([declared], Surroundings(tmp_path, tmp_path, lambda _: None, accounts=accounts_of))
    site.user_authentications.add("local", built.user_authentications.get("local"))
    site.declarations[:] = [declared]
    registry.install(site, replace(registry.site()))
    yield tmp_path / "ada"
    remove_account(NAME)


def test_operators_see_which_homes_are_open_and_how_to_close_them(home: Path) -> None:
    printed = StringIO()
    call_command("plugins", stdout=printed)
    told = f"Other accounts can enter home directories of users. Close them: chmod 700 {home}"
    assert printed.getvalue().splitlines()[-1] == f"local: {told}"
    assert registry.advice() == [told]


def test_others_see_a_count_and_no_names(home: Path, client: Client) -> None:
    response = client.get("/status/")
    found = response.json()["dependencies"]["user_authentication.local"]
    assert found == {
        "connected": True,
        "message": (
            "Each user has an account on this machine. 1 home is open to other accounts. Run "
            "`manage.py plugins` to see how to close them."
        ),
    }
    assert NAME not in response.content.decode()


def test_closed_homes_are_not_reported(home: Path) -> None:
    home.chmod(0o700)
    assert registry.advice() == []
