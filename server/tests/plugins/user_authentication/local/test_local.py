"""Users named by a client, and the system accounts that they may and may not have."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from support.concurrency import at_once
from support.machine_accounts import add_account, remove_account
from support.server_process import wait_for
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, NotAllowed, StorageError
from user_workspaces.interfaces.values import Client, Identity, PluginContext
from user_workspaces.plugins.user_authentication.local import LocalUserAuthentication, system_accounts
from user_workspaces.plugins.user_authentication.local.plugin import LocalOptions

CLIENTS = {"portal's": Client("portal", may_mint=True), "ada's": Client("laptop", may_mint=False)}
NAME = f"uwsacc{os.getpid()}"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")


def build(**details: Any) -> LocalUserAuthentication:
    folder = Path("/nonexistent")
    context = PluginContext("local", folder, folder, folder, CLIENTS.get)
    return LocalUserAuthentication(context, LocalOptions.model_validate({"connection_details": details}))


def credentials(**user_info: Any) -> dict[str, object]:
    return {"client_token": "portal's", "user_info": {"username": NAME, **user_info}}


def identity(name: str = NAME) -> Identity:
    return Identity(issuer="local", subject=name, username=name)


@pytest.fixture
def temporary_account() -> Iterator[Callable[..., None]]:
    """Return a function that adds an account; removes it afterwards, and those that the plug-in created."""
    yield lambda *options: add_account(NAME, *options)
    for name in (NAME, f"{NAME}b"):
        remove_account(name, "--remove")


def test_client_names_the_user() -> None:
    sent = credentials(email="ada@example.org", first_name="Ada", last_name="Lovelace", phone="ignored")
    assert build().authenticate(sent) == Identity(
        issuer="local",
        subject=NAME,
        username=NAME,
        email="ada@example.org",
        first_name="Ada",
        last_name="Lovelace",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing client_token. Please provide a client_token in the request body."),
        ({"client_token": None}, "Missing client_token. Please provide a client_token in the request body."),
        ({"client_token": "x"}, "Missing user_info. Please provide user_info in the request body."),
        ({"client_token": "x", "user_info": {}}, "Missing user_info. Please provide user_info in the request body."),
    ],
)
def test_missing_fields_are_named(body: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        build().authenticate(body)
    assert caught.value.message == message


@pytest.mark.parametrize("token", ["unknown", ["portal's"], {"a": 1}, 5, True, "\0"])
def test_unknown_client_is_refused(token: object) -> None:
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        build().authenticate({**credentials(), "client_token": token})


def test_token_without_that_right_may_not_name_users() -> None:
    with pytest.raises(NotAllowed):
        build().authenticate({**credentials(), "client_token": "ada's"})


@pytest.mark.parametrize(
    "user_info",
    [
        "ada", ["ada"], 5, {"email": "a@b"}, {"username": None}, {"username": 5}, {"username": ""},
        {"username": "Ada"}, {"username": "a" * 33}, {"username": "a\n"}, {"username": "a/../b"},
        {"username": "a\0"}, {"username": NAME, "email": "a\0@b"}, {"username": NAME, "email": 5},
        {"username": NAME, "email": "a" * 255}, {"username": NAME, "first_name": "a\0b"},
        {"username": NAME, "last_name": ["x"]}, {"username": NAME, "last_name": "x" * 5000},
    ],
)  # fmt: skip
def test_invalid_user_info_is_refused(user_info: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^user_info"):
        build().authenticate({"client_token": "portal's", "user_info": user_info})


@pytest.mark.parametrize("name", ["root", "daemon", "nobody", "mail"])
def test_system_names_are_refused(name: str) -> None:
    with pytest.raises(NotAllowed, match=r"^This name belongs to the system\.$"):
        build().authenticate(credentials(username=name))


@pytest.mark.parametrize("name", ["root", "daemon", "nobody"])
def test_system_accounts_are_refused(name: str) -> None:
    with pytest.raises(NotAllowed, match="is a system account"):
        system_accounts.account_named(name, create=True)


def test_without_root_all_users_share_the_servers_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_accounts, "we_are_root", lambda: False)
    own = pwd.getpwuid(os.geteuid())
    account = build().account_for(identity())
    assert (account.name, account.uid, account.gid, account.home) == (
        own.pw_name, own.pw_uid, own.pw_gid, Path(own.pw_dir),
    )  # fmt: skip
    assert build().check().message == "Not running as root: all users share the server's account."


@pytest.mark.root
@needs_root
def test_account_is_created_once(temporary_account: object) -> None:
    plugin = build(create_external_users=True)
    first = plugin.account_for(identity())
    assert first == plugin.account_for(identity())
    assert first.uid >= 1000
    assert first.home.stat().st_uid == first.uid
    assert pwd.getpwnam(NAME).pw_shell == "/bin/bash"


@pytest.mark.root
@needs_root
@pytest.mark.parametrize("knows_home_mode", [True, False])
def test_home_of_a_new_account_is_closed_to_others(
    temporary_account: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, knows_home_mode: bool
) -> None:
    """Also with a useradd that ignores `HOME_MODE` and creates world-readable homes."""
    add_account(f"{NAME}b", "--no-create-home")
    if not knows_home_mode:
        older = tmp_path / "useradd"
        older.write_text(f'#!/bin/sh\nexec {shutil.which("useradd")} "$1" -K HOME_MODE=0755 "$4" "$5" "$6" "$7" "$8"\n')
        older.chmod(0o755)
        monkeypatch.setattr(system_accounts, "_SYSTEM_PATH", f"{tmp_path}:{system_accounts._SYSTEM_PATH}")
    account = build(create_external_users=True).account_for(identity())
    status = account.home.stat()
    assert (status.st_mode & 0o7777, status.st_uid) == (0o700, account.uid)
    (account.home / "history.sqlite").write_text("a secret")
    (account.home / "history.sqlite").chmod(0o644)
    stranger = pwd.getpwnam(f"{NAME}b")
    for command in (["ls", str(account.home)], ["cat", str(account.home / "history.sqlite")]):
        tried = subprocess.run(
            command, check=False, capture_output=True, user=stranger.pw_uid, group=stranger.pw_gid, extra_groups=[]
        )
        assert (tried.returncode != 0, tried.stdout) == (True, b"")


@pytest.mark.root
@needs_root
def test_home_that_was_there_before_keeps_its_owner_and_mode(temporary_account: object) -> None:
    old = Path("/home") / NAME
    old.mkdir(mode=0o755)
    try:
        build(create_external_users=True).account_for(identity())
        assert (old.stat().st_mode & 0o777, old.stat().st_uid) == (0o755, 0)
    finally:
        remove_account(NAME)
        old.rmdir()


@pytest.mark.root
@needs_root
def test_another_program_that_changes_accounts_is_waited_for(temporary_account: object) -> None:
    lock = Path("/etc/passwd.lock")  # the lock of the shadow tools: a file with the pid of a running process
    wait_for(lambda: _is_taken(lock), what="the lock")
    let_go = Timer(1.0, lock.unlink)
    let_go.start()
    assert build(create_external_users=True).account_for(identity()).uid >= 1000
    let_go.join()


def _is_taken(lock: Path) -> bool:
    try:
        with lock.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return False
    return True


@pytest.mark.root
@needs_root
def test_two_accounts_created_at_once_both_exist(temporary_account: object) -> None:
    plugin, names = build(create_external_users=True), [NAME, f"{NAME}b", NAME, f"{NAME}b"]
    accounts = at_once(4, lambda: plugin.account_for(identity(names.pop())))
    assert sorted({account.name for account in accounts}) == [NAME, f"{NAME}b"]
    assert len({account.uid for account in accounts}) == 2


@pytest.mark.root
@needs_root
def test_account_is_not_created_unless_configured() -> None:
    with pytest.raises(NotAllowed, match=f"^{NAME} has no account on this machine"):
        build().account_for(identity())


@pytest.mark.root
@needs_root
@pytest.mark.parametrize(
    "arguments",
    [("--system",), ("--uid", "999", "--non-unique"), ("--shell", "/usr/sbin/nologin"), ("--gid", "0")],
)
def test_accounts_of_services_are_refused(temporary_account: Callable[..., None], arguments: tuple[str, ...]) -> None:
    temporary_account("--no-create-home", *arguments)
    with pytest.raises(NotAllowed):
        build(create_external_users=True).account_for(identity())
    with pytest.raises(NotAllowed):
        build().authenticate(credentials())


@pytest.mark.root
@needs_root
def test_failing_useradd_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_accounts, "_SYSTEM_PATH", "/nonexistent")
    plugin = build(create_external_users=True)
    with pytest.raises(StorageError, match="could not be created"):
        plugin.account_for(identity())
    assert not plugin.check().connected
