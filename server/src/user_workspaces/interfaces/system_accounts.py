"""System accounts of users, for authentication plug-ins that do not create accounts themselves.

Root, uids below 1000 and accounts of services are rejected. A server that does not run as root has one account for
all users: its own.
"""

import os
import pwd
import re
from pathlib import Path

from user_workspaces.errors import NotAllowed
from user_workspaces.interfaces.values import SystemAccount

USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
FIRST_PERSONAL_UID = 1000
NOBODY_UIDS = frozenset({65534, 65533})
NO_LOGIN_SHELLS = frozenset({"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"})


def is_username(text: str) -> bool:
    """Return True if an account can have this name: ASCII, in the form that every Unix accepts."""
    return USERNAME.fullmatch(text) is not None


def belongs_to_system(name: str) -> bool:
    """Return True if an account of this name exists and is not a user's (root, a service)."""
    entry = _find(name)
    return entry is not None and not _is_personal(entry)


def personal_account(name: str) -> SystemAccount:
    """Return a user's account by name; raises `NotAllowed` if it does not exist or belongs to the system."""
    if os.geteuid() != 0:
        return _value(pwd.getpwuid(os.geteuid()))
    entry = _find(name)
    if entry is None:
        raise NotAllowed(f"{name} has no account on this machine. Ask your administrator for one.")
    if not _is_personal(entry):
        raise NotAllowed(f"{name} is a system account and cannot be used to log in.")
    return _value(entry)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name) if is_username(name) else None
    except KeyError:
        return None


def _is_personal(entry: pwd.struct_passwd) -> bool:
    return (
        entry.pw_uid >= FIRST_PERSONAL_UID
        and entry.pw_uid not in NOBODY_UIDS
        # Files of root are often readable or writable for its group.
        and entry.pw_gid != 0
        and entry.pw_shell not in NO_LOGIN_SHELLS
    )


def _value(entry: pwd.struct_passwd) -> SystemAccount:
    return SystemAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, home=Path(entry.pw_dir))
