"""Starts this project's own workflow service, and writes an analysis for it that makes thirteen files."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv" / "bin" / "python"
END_TIMEOUT_S = 180.0

SPECIFICATION = """\
version: 0.9.4
inputs:
  files:
    - code/analyse.py
    - data/setup.json
  parameters:
    points: 12
    slope: 2.0
    pause: 0.2
workflow:
  type: serial
  specification:
    steps:
      - name: gendata
        environment: docker.io/library/python:3.12-slim
        commands:
          - python3 code/analyse.py gendata ${points} ${slope} ${pause}
      - name: fit
        environment: docker.io/library/python:3.12-slim
        commands:
          - python3 code/analyse.py fit ${points} ${slope} ${pause}
      - name: plot
        environment: docker.io/library/python:3.12-slim
        commands:
          - python3 code/analyse.py plot ${points} ${slope} ${pause}
outputs:
  files:
    - results/plot.png
    - results/fit.csv
  directories:
    - results
"""
ANALYSE = '''\
"""Makes points on a line, fits the line, and draws it: needs nothing but Python."""

import csv
import json
import pathlib
import struct
import sys
import time
import zlib

SIZE = 120
step, points, slope, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
results = pathlib.Path("results")
results.mkdir(exist_ok=True)


def rows():
    with (results / "points.csv").open() as file:
        return [(float(x), float(y)) for x, y in list(csv.reader(file))[1:]]


def write(name, table):
    with (results / name).open("w", newline="") as file:
        csv.writer(file).writerows(table)


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def gendata():
    offset = json.loads(pathlib.Path("data/setup.json").read_text())["offset"]
    table = [("x", "y")]
    for x in range(points):
        table.append((x, slope * x + offset))
        print(f"point {x}: {table[-1][1]}", flush=True)
        time.sleep(pause)
    write("points.csv", table)
    for part in range(1, 9):
        write(f"part-{part}.csv", table[:1] + table[part::8])


def fit():
    data = rows()
    mean_x, mean_y = sum(x for x, _ in data) / len(data), sum(y for _, y in data) / len(data)
    found = sum((x - mean_x) * (y - mean_y) for x, y in data) / sum((x - mean_x) ** 2 for x, _ in data)
    write("fit.csv", [("parameter", "value"), ("slope", found), ("offset", mean_y - found * mean_x)])
    print(f"slope {found}")


def plot():
    data = rows()
    top = max(abs(y) for _, y in data) or 1.0
    image = [bytearray(b"\\xff\\xff\\xff" * SIZE) for _ in range(SIZE)]
    for x, y in data:
        column, line = int(x / len(data) * (SIZE - 8)) + 2, SIZE - 8 - int(y / top * (SIZE - 12))
        for dx in range(5):
            for dy in range(5):
                at = 3 * (column + dx)
                image[max(0, line + dy)][at : at + 3] = b"\\x15\\x65\\xc0"
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\\0" + bytes(line) for line in image))
    png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    (results / "plot.png").write_bytes(png)
    print("wrote results/plot.png")


{"gendata": gendata, "fit": fit, "plot": plot}[step]()
'''
FILES = {"reana.yaml": SPECIFICATION, "code/analyse.py": ANALYSE, "data/setup.json": '{"offset": 1.5}\n'}


@dataclass(frozen=True)
class Service:
    """URL of the service, and the token of a user."""

    url: str
    token: str = field(repr=False)


@contextmanager
def running_service() -> Iterator[Service]:
    """Start an empty service, and terminate it at the end."""
    if not PYTHON.exists():
        pytest.skip("NOT RUN: this project's server is not installed (make dev-parts)")
    tests = REPOSITORY / "server" / "tests"
    process = subprocess.Popen(
        [str(PYTHON), str(Path(__file__).with_name("serve.py"))],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{tests}:{REPOSITORY / 'server' / 'src'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        line = process.stdout.readline() if process.stdout else b""
        try:
            yield Service(**json.loads(line))
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(END_TIMEOUT_S)


def write_analysis(folder: Path) -> None:
    """Put the analysis into a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
