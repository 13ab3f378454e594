"""How many files a process may have open, and how many of them are for the connections of browsers."""

import resource
from typing import Final

LARGEST_LIMIT: Final = 1 << 20
"""No process needs more, and some programs walk through all that they may have."""
LARGEST_RESERVE: Final = 1024


def raise_limit() -> int:
    """Raise the soft limit of this process to the hard one; return it.

    What is started from here inherits it, and programs that use select(2) break with descriptors above 1023. So a
    resource plug-in gives jobs the limit that was in force when it was loaded.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = LARGEST_LIMIT if hard == resource.RLIM_INFINITY else min(hard, LARGEST_LIMIT)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def most_connections(limit: int) -> int:
    """Return how many connections of browsers fit into a limit.

    A reserve is kept for the database, files and what has just come. Each connection may need another one, to its
    session.
    """
    return max(1, (limit - min(LARGEST_RESERVE, limit // 2)) // 2)
