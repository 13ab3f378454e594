"""Members of the operating system's groups, for servers whose users have system accounts."""

import grp
import os
import pwd
import time
from functools import lru_cache

FIRST_USER_GROUP = 1000
"""Lower ids are groups of the system: many machines have one with all users, such as `users`."""
NO_GROUP = 65534
CACHE_SECONDS = 60.0
"""How long results are cached: a directory service can be slow."""


def colleagues_of(name: str, *, uid: int) -> frozenset[str]:
    """Return the names of the other accounts in the groups of this one; empty if the name has another uid now.

    A private group has only its owner as a member, and so adds no one.
    """
    try:
        # Without root all users share one account, so its groups say nothing about them.
        if os.geteuid() != 0 or pwd.getpwnam(name).pw_uid != uid:
            return frozenset()
    except KeyError:
        return frozenset()
    return _colleagues(name, int(time.monotonic() // CACHE_SECONDS)) - {name}


# `_minute` is a part of the key: after it, entries of earlier minutes are not found any more.
@lru_cache(maxsize=1_000)
def _colleagues(name: str, _minute: int) -> frozenset[str]:
    try:
        gids = set(os.getgrouplist(name, pwd.getpwnam(name).pw_gid))
    except KeyError:
        return frozenset()
    shared = {gid for gid in gids if gid >= FIRST_USER_GROUP and gid != NO_GROUP}
    listed = {member for gid in shared for member in _members(gid)}
    # The group database does not list those who have a group as their primary one.
    by_primary_group = {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid in shared} if shared else set()
    return frozenset(listed | by_primary_group)


def _members(gid: int) -> list[str]:
    try:
        return grp.getgrgid(gid).gr_mem
    except KeyError:
        return []
