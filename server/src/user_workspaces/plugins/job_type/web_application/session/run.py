"""Starts the application of one job: `python -I run.py`, in the job's directory."""

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).absolute().parent))
    import_module("session.start").main()
