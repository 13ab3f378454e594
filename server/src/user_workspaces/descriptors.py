"""Limits of open files, and the share of them that connections of browsers may use."""

import resource
from typing import Final

MAX_LIMIT: Final = 1 << 20
"""No process needs more, and some programs iterate over all possible descriptors."""
MAX_RESERVE: Final = 1024


def raise_limit() -> int:
    """Raise the soft limit of this process to the hard one, and return it.

    Child processes inherit the limit, and programs that use select(2) break with descriptors above 1023. A resource
    plug-in therefore gives jobs the limit that was in force when it was loaded.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_LIMIT if hard == resource.RLIM_INFINITY else min(hard, MAX_LIMIT)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def most_connections(limit: int) -> int:
    """Return the number of connections of browsers that fit into a limit.

    A reserve is kept for the database, files and new connections. Each connection may need another one, to its
    session.
    """
    return max(1, (limit - min(MAX_RESERVE, limit // 2)) // 2)
