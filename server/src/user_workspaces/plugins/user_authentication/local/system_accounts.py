"""System accounts of this machine: looks them up, creates them, and rejects those that are not a user's."""

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from user_workspaces.errors import NotAllowed, StorageError
from user_workspaces.interfaces.values import SystemAccount

# The usual UID_MIN of login.defs(5): useradd(8) gives smaller uids to system accounts.
FIRST_PERSONAL_UID = 1000
NOBODY_UIDS = frozenset({65534, 65533})
NO_LOGIN_SHELLS = frozenset({"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"})
HOME_MODE = 0o700
LOCKED_SECONDS = 10.0
"""Longest wait for another program's lock on the accounts."""
USERADD_FAILED = "The account could not be created on this machine. Please contact your administrator."


def we_are_root() -> bool:
    """Return True if the server may use accounts other than its own."""
    return os.geteuid() == 0


def own_account() -> SystemAccount:
    """Return the account that the server runs as."""
    return _value(pwd.getpwuid(os.geteuid()))


def is_reserved(name: str) -> bool:
    """Return True if the name belongs to the system, not to a user."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return False
    return not _is_personal(entry)


def can_create() -> bool:
    """Return True if `useradd` is installed."""
    return shutil.which("useradd", path=_SYSTEM_PATH) is not None


def account_named(name: str, *, create: bool) -> SystemAccount:
    """Return a user's account, creating it if wanted; raises `NotAllowed`, and `StorageError` if `useradd` fails."""
    entry = _find(name)
    if entry is None and create:
        _create(name)
        entry = _find(name)
    if entry is None:
        raise NotAllowed(f"{name} has no account on this machine. Ask your administrator for one.")
    if not _is_personal(entry):
        raise NotAllowed(f"{name} is a system account and cannot be used to log in.")
    return _value(entry)


_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_LOCK = Path("/run/user-workspaces-accounts.lock")  # only root may write in /run


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _is_personal(entry: pwd.struct_passwd) -> bool:
    return (
        entry.pw_uid >= FIRST_PERSONAL_UID
        and entry.pw_uid not in NOBODY_UIDS
        and entry.pw_gid != 0
        and entry.pw_shell not in NO_LOGIN_SHELLS
    )


def _create(name: str) -> None:
    """Create an account without a password, so that no login with one is possible."""
    program = shutil.which("useradd", path=_SYSTEM_PATH)
    if program is None:
        raise StorageError(USERADD_FAILED)
    command = [program, "--create-home", "-K", f"HOME_MODE={HOME_MODE:04o}", "--user-group", "--shell", "/bin/bash"]
    try:
        with _creation_lock():
            # Tested again under the lock: another thread or process may have created the account meanwhile.
            if _find(name) is None:
                _run([*command, "--", name])
                _close_home(name)
    except (OSError, subprocess.SubprocessError):
        raise StorageError(USERADD_FAILED) from None


def _close_home(name: str) -> None:
    """Restrict the home of a new account to its owner: some versions of useradd(8) ignore `HOME_MODE`.

    A home that existed before and belongs to another uid is not changed.
    """
    entry = pwd.getpwnam(name)
    home = os.open(entry.pw_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(home)
        if status.st_uid == entry.pw_uid and stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(home, HOME_MODE)
    finally:
        os.close(home)


def _run(command: list[str]) -> None:
    """Run useradd(8), and again while another program holds the lock on the accounts: it does not wait itself."""
    deadline = time.monotonic() + LOCKED_SECONDS
    while True:
        done = subprocess.run(command, check=False, capture_output=True, timeout=60, env={"PATH": _SYSTEM_PATH})
        if done.returncode == 0:
            return
        if b"cannot lock" not in done.stderr or time.monotonic() > deadline:
            raise subprocess.CalledProcessError(done.returncode, command)
        time.sleep(0.1)


@contextmanager
def _creation_lock() -> Iterator[None]:
    """Hold a lock against other threads and processes of this server.

    Two concurrent useradd(8) of the same name both succeed, and the second replaces the first with another uid.
    """
    lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _value(entry: pwd.struct_passwd) -> SystemAccount:
    return SystemAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, home=Path(entry.pw_dir))
