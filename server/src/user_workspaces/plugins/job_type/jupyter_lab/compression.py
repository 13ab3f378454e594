"""Puts a compressed copy beside each large static file of an environment; started by a build, as a script.

Sessions serve the copies (`session/session_static_files.py`): nothing is compressed while a page loads.
"""

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

STATIC = ("share/jupyter/lab/static", "share/jupyter/labextensions", "lib/python3*/site-packages/jupyter_server/static")
"""What JupyterLab, its extensions and its server load, below the folder of an environment."""
TYPES = {".js", ".css", ".svg", ".json", ".wasm", ".ico", ".ttf"}
SMALLEST = 1024
WORTH_IT = 0.9
"""A copy that is not smaller than this share of the file is not kept."""


def compress(environment: Path) -> None:
    """Write `<name>.gz` beside each file that becomes smaller."""
    for path in _static_files(environment):
        content = path.read_bytes()
        packed = gzip.compress(content, compresslevel=9, mtime=0)
        if len(packed) < WORTH_IT * len(content):
            Path(f"{path}.gz").write_bytes(packed)


def _static_files(environment: Path) -> Iterator[Path]:
    for pattern in STATIC:
        for folder in environment.glob(pattern):
            for path in folder.rglob("*"):
                # A link may lead out of the environment, where nothing is to be written.
                if (
                    path.suffix in TYPES
                    and path.is_file()
                    and not path.is_symlink()
                    and path.stat().st_size >= SMALLEST
                ):
                    yield path


if __name__ == "__main__":
    compress(Path(sys.argv[1]))
