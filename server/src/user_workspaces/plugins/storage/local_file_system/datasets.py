"""Which targets links may have: what exists below a dataset root, seen with the person's rights."""

import os
from collections.abc import Sequence
from pathlib import Path

from user_workspaces.plugins.storage.local_file_system.paths import closing


class Datasets:
    """The directories below which the targets of links may lie."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots

    def resolve(self, target: str) -> str | None:
        """Return the target without any link in it; None where it is not there or not below a root.

        Looks with the rights of the calling thread, so that nothing is told of what the person cannot see.
        """
        if not target.startswith("/"):
            return None
        try:
            # The kernel walks the path: one moment, one answer, and no end to links that lead to links.
            with closing(os.open(target, os.O_PATH)) as handle:
                found = Path(f"/proc/self/fd/{handle}").readlink()
        except (OSError, ValueError):
            return None
        return str(found) if any(found.is_relative_to(os.path.realpath(root)) for root in self._roots) else None
