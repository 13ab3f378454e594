"""Who shares a group of the machine with an account, for a server that gives people accounts there."""

import grp
import os
import pwd
import time
from functools import lru_cache

FIRST_GROUP_OF_PEOPLE = 1000
"""Groups below are the system's: on many machines everybody is in one of them, such as `users`."""
NO_GROUP = 65534
SECONDS = 60.0
"""For so long at most an answer is out of date: a directory service takes its time."""


def colleagues_of(name: str, *, uid: int) -> frozenset[str]:
    """Return the names of the other accounts in the groups of this one; empty where the name has another uid by now.

    A private group has one member, its owner, and so leads to nobody.
    """
    try:
        if os.geteuid() != 0 or pwd.getpwnam(name).pw_uid != uid:
            return frozenset()
    except KeyError:
        return frozenset()
    return _colleagues(name, int(time.monotonic() // SECONDS)) - {name}


@lru_cache(maxsize=1_000)
def _colleagues(name: str, _minute: int) -> frozenset[str]:
    try:
        gids = set(os.getgrouplist(name, pwd.getpwnam(name).pw_gid))
    except KeyError:
        return frozenset()
    shared = {gid for gid in gids if gid >= FIRST_GROUP_OF_PEOPLE and gid != NO_GROUP}
    listed = {member for gid in shared for member in _members(gid)}
    by_primary_group = {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid in shared} if shared else set()
    return frozenset(listed | by_primary_group)


def _members(gid: int) -> list[str]:
    try:
        return grp.getgrgid(gid).gr_mem
    except KeyError:
        return []
