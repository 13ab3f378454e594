"""Starts the supervisor: `python -I -S runner.py <state folder>`.

This folder becomes the package `job`, so that a supervisor needs the standard library only: it starts in milliseconds,
stays small, and does not depend on the server's environment, which may be upgraded while the job runs.
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
