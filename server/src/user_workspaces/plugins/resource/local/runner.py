"""Starts the supervisor: `python -I -S runner.py <state folder>`.

This folder becomes a package of its own, so that a supervisor needs nothing but the standard library: it starts in
milliseconds, stays small, and does not care what becomes of the server's environment while the job runs.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType


def main() -> None:
    """Run the supervisor for the state folder named on the command line."""
    package = ModuleType("job")
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules["job"] = package
    sys.exit(import_module("job.supervisor").main(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
