"""CPU time and memory of our zip stream against the libraries `zipstream-ng` and `stream-zip`.

    python benchmarks/zip_stream.py [--small NUMBER] [--large MEBIBYTES]

The server does not depend on the libraries: `pip install zipstream-ng stream-zip` into the environment that runs this.
Each measurement runs in a process of its own, with content from memory, so that it measures the archive writer alone.
"""

import argparse
import importlib.util
import io
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

SMALL_BYTES = 1024
PIECE = 1 << 18
LEVEL = 1
"""The compression level of ours: a download waits for the CPU rather than for the network."""
WHEN = datetime(2024, 2, 29, 13, 37, 42, tzinfo=UTC)
ROUNDS = 3
NEEDS = {"ours": "user_workspaces", "zipstream-ng": "zipstream", "stream-zip": "stream_zip"}
SOURCE = os.urandom(PIECE // 2) + bytes(PIECE // 2)
"""Half of it can be compressed."""
NAMES = ("plain", "d/é😀", "d/../up", "..\\..\\x", "C:\\y", "-rf", "a b", "no-\udcff-utf8", "n" * 255)
Files = Iterator[tuple[str, int, Iterator[bytes]]]


def contents(size: int) -> Iterator[bytes]:
    """Yield `size` bytes."""
    while size > 0:
        yield SOURCE[: min(size, PIECE)]
        size -= PIECE


def small(number: int) -> Files:
    """Yield many small files."""
    return ((f"d{n // 100}/f{n}", SMALL_BYTES, contents(SMALL_BYTES)) for n in range(number))


def large(mebibytes: int) -> Files:
    """Yield one large file."""
    size = mebibytes << 20
    return iter([("large", size, contents(size))])


def unusual(_: int) -> Files:
    """Yield files whose names are unsafe, long, or not valid Unicode."""
    return ((name, 1, iter([b"x"])) for name in NAMES)


def ours(files: Files) -> Iterator[bytes]:
    """Write the archive as the server does."""
    import django  # noqa: PLC0415  only this process needs it

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "user_workspaces.config.settings")
    django.setup()
    from user_workspaces.interfaces.values import Entry, EntryKind  # noqa: PLC0415  Django has to be set up first
    from user_workspaces.transfers import zip_stream  # noqa: PLC0415  the same

    archive = zip_stream._Archive()

    def pieces() -> Iterator[bytes]:
        for name, size, content in files:
            yield from archive.add(Entry(name, EntryKind.FILE, size, WHEN), name, content)
        yield from archive.end()

    return zip_stream._gathered(pieces())


def zipstream_ng(files: Files) -> Iterator[bytes]:
    """Write it with zipstream-ng, which opens a file no sooner than it is sent if it is added so late."""
    library = importlib.import_module("zipstream")
    stream = library.ZipStream(compress_type=zipfile.ZIP_DEFLATED, compress_level=LEVEL)
    for name, size, content in files:
        stream.add(content, name, size=size)
        yield from stream.all_files()
    yield from stream.finalize()


def stream_zip(files: Files) -> Iterator[bytes]:
    """Write it with stream-zip."""
    library = importlib.import_module("stream_zip")
    members = ((name, WHEN, 0o100644, library.ZIP_AUTO(size, LEVEL), content) for name, size, content in files)
    yield from library.stream_zip(members)


WRITERS: dict[str, Callable[[Files], Iterator[bytes]]] = {
    "ours": ours,
    "zipstream-ng": zipstream_ng,
    "stream-zip": stream_zip,
}
WORK: dict[str, Callable[[int], Files]] = {"small": small, "large": large, "unusual": unusual}


def measure(writer: str, work: str, number: int) -> None:
    """Print seconds of CPU, bytes of the archive and kibibytes of memory as JSON; for `unusual` the names in it."""
    for _ in WRITERS[writer](iter(())):  # imports are not measured
        pass
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if work == "unusual":
        with zipfile.ZipFile(io.BytesIO(b"".join(WRITERS[writer](unusual(0))))) as archive:
            print(json.dumps(archive.namelist()))
        return
    before, size = time.process_time(), 0
    for piece in WRITERS[writer](WORK[work](number)):
        size += len(piece)
    used = time.process_time() - before
    print(json.dumps([used, size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory]))


def run(writer: str, work: str, number: int) -> str:
    """Measure in a process of its own; return what it prints, or its last line of error."""
    command = [sys.executable, __file__, "--measure", writer, work, str(number)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else json.dumps(done.stderr.strip().splitlines()[-1])


def main() -> None:
    """Print a table with ratios to ours: below 1 a library would be better."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--small", type=int, default=20_000, help="number of files of 1 KiB (default: 20,000)")
    options.add_argument("--large", type=int, default=512, help="MiB of the large file (default: 512)")
    options.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        measure(given.measure[0], given.measure[1], int(given.measure[2]))
        return
    missing = [name for name, module in NEEDS.items() if importlib.util.find_spec(module) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. Install them first: pip install {' '.join(missing)}")
    for work, number in (("small", given.small), ("large", given.large)):
        own = 0.0
        for writer in WRITERS:
            used, size, memory = min(json.loads(run(writer, work, number)) for _ in range(ROUNDS))
            own = own or used
            print(f"{work:6} {writer:13} {used:7.2f} s CPU  x{used / own:.2f}  {size:>12,} bytes  {memory:>7,} KiB")
    for writer in WRITERS:
        print(f"names  {writer:13} {run(writer, 'unusual', 0).strip()}")


if __name__ == "__main__":
    main()
