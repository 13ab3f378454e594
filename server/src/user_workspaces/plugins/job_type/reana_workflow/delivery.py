"""Packs the runner into one file for the resource: a zip archive that Python executes."""

import io
import zipfile
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("runner")
START = b"import sys\n\nfrom runner.main import main\n\nsys.exit(main())\n"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time of a zip archive; a fixed one makes it reproducible


@cache
def archive() -> bytes:
    """Return the archive; reproducible from the same sources."""
    files = {f"runner/{path.name}": path.read_bytes() for path in sorted(FOLDER.glob("*.py"))}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {"__main__.py": START, **files}.items():
            packed.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
