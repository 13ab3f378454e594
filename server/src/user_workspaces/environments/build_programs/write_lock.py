"""Writes the packages of a prepared environment as `name==version` lines, from the names of its folders.

`python -I write_lock.py <folder>`, with the rights of the server: no code of the environment is run or imported.
"""

import re
import sys
from pathlib import Path

NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*)-([A-Za-z0-9][A-Za-z0-9._+!]*)\.dist-info")


def main() -> int:
    """Write `lock.txt`; exit code 1 if no packages are installed."""
    folder = Path(sys.argv[1])
    found = [NAME.fullmatch(path.name) for path in folder.glob("lib/python3.*/site-packages/*.dist-info")]
    lines = sorted(f"{re.sub('[-_.]+', '-', one[1]).lower()}=={one[2]}\n" for one in found if one)
    (folder / "lock.txt").unlink(missing_ok=True)  # a package can contain a file or link of this name
    (folder / "lock.txt").write_text("".join(lines))
    return 0 if lines else 1


if __name__ == "__main__":
    sys.exit(main())
