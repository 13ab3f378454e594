"""How many files a process may have open, and how many of them are for the connections of browsers."""

import resource
from dataclasses import dataclass
from typing import Final

LARGEST_LIMIT: Final = 1 << 20
"""No process needs more, and some programs walk through all that they may have."""
LARGEST_RESERVE: Final = 1024
LARGEST_BACKLOG: Final = 2048
_SHARES: Final = 4


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What a web process does with the descriptors that it may have."""

    connections: int
    """Connections of browsers. Each may need another one, to its session."""
    backlog: int
    """Connections that the kernel keeps until they are accepted: so many may come at once, beyond `connections`."""


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


def share(limit: int) -> Descriptors:
    """Divide a limit: a reserve for the database, files and connections that just came, the rest for browsers."""
    reserve = min(LARGEST_RESERVE, limit // 2)
    return Descriptors(
        connections=max(1, (limit - reserve) // 2), backlog=max(1, min(LARGEST_BACKLOG, reserve // _SHARES))
    )
