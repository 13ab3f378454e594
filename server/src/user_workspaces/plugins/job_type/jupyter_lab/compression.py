"""Writes a compressed copy beside each large static file of an environment; run as a script by builds.

Sessions serve the copies (`session/session_static_files.py`), so that nothing is compressed while a page loads.
"""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

STATIC = ("share/jupyter/lab/static", "share/jupyter/labextensions", "lib/python3*/site-packages/jupyter_server/static")
"""The static files of JupyterLab, its extensions and its server, relative to an environment."""
TYPES = {".js", ".css", ".svg", ".json", ".wasm", ".ico", ".ttf"}
SMALLEST = 1024
WORTH_IT = 0.9
"""A copy is kept only if it is smaller than this fraction of the file."""


def compress(environment: Path) -> None:
    """Write `<name>.gz` beside each file that gets smaller."""
    for path in _static_files(environment):
        content = path.read_bytes()
        # mtime=0: the same file always gives the same copy.
        packed = gzip.compress(content, compresslevel=9, mtime=0)
        if len(packed) < WORTH_IT * len(content):
            Path(f"{path}.gz").write_bytes(packed)


def _static_files(environment: Path) -> Iterator[Path]:
    for pattern in STATIC:
        for folder in environment.glob(pattern):
            for path in folder.rglob("*"):
                # A link may lead out of the environment, where nothing may be written.
                if (
                    path.suffix in TYPES
                    and path.is_file()
                    and not path.is_symlink()
                    and path.stat().st_size >= SMALLEST
                ):
                    yield path


if __name__ == "__main__":
    compress(Path(sys.argv[1]))
