"""Runs the runner, and has it die with SIGKILL at a line of the journal; a script for `worlds.py`.

`dying_runner.py PACKAGES NUMBER WHO WHEN ARGUMENTS...`: `WHO` (`writer`, `all`, `runner`) dies `WHEN` (`before`,
`torn`, `after`) the line of this number, from 1, is written.
"""

import os
import signal
import sys
from importlib import import_module
from typing import Any


def main() -> int:
    packages, number, who, when = sys.argv[1:5]
    sys.path.insert(0, packages)
    kept, run = import_module("runner.journal").Journal, import_module("runner.main").main  # they are found only now
    runner, append = os.getpid(), kept.append

    def die() -> None:
        if who in ("all", "runner"):
            os.kill(runner, signal.SIGKILL)
        if who in ("all", "writer"):
            os.kill(os.getpid(), signal.SIGKILL)

    def dying_append(self: Any, event: str, **values: object) -> None:
        path = self._path
        written = path.read_bytes().count(b'{"event"') if path.exists() else 0
        if written + 1 != int(number):
            append(self, event, **values)
            return
        if when == "torn":
            with path.open("ab") as journal:
                journal.write(f'\n{{"event": "{event}", "at": 1'.encode())
        elif when == "after":
            append(self, event, **values)
        die()
        if when != "after":
            append(self, event, **values)

    kept.append = dying_append
    sys.argv[1:] = sys.argv[5:]
    return int(run())


if __name__ == "__main__":
    sys.exit(main())
