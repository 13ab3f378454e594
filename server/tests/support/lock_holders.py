"""The processes that hold a lock file open."""

import os
from contextlib import suppress
from pathlib import Path


def holders_of(lock: Path) -> list[int]:
    """Return the PIDs of other processes that have the file open, in ascending order."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):  # the process has ended
                if lock in [link.readlink() for link in (process / "fd").iterdir()]:
                    found.append(int(process.name))
    return sorted(found)
