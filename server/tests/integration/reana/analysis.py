"""A small analysis for REANA: code, data, parameters, results."""

from pathlib import Path

SPECIFICATION = """\
version: 0.9.4
inputs:
  files:
    - code/greet.py
    - data/names.txt
  parameters:
    out: results/greetings.txt
    pause: 0
workflow:
  type: serial
  specification:
    steps:
      - name: greet
        environment: docker.io/library/python:3.12-slim
        commands:
          - python3 code/greet.py data/names.txt "${out}" ${pause}
      - name: count
        environment: docker.io/library/python:3.12-slim
        commands:
          - wc -l < "${out}" | tee results/count.txt
outputs:
  files:
    - results/greetings.txt
  directories:
    - results
"""
GREET = """\
import pathlib, sys, time

names, out, pause = sys.argv[1:]
target = pathlib.Path(out)
target.parent.mkdir(exist_ok=True)
with target.open("w") as file:
    for name in pathlib.Path(names).read_text().split():
        print("Hello", name, flush=True)
        file.write(f"Hello {name}!\\n")
        time.sleep(float(pause))
"""
FOR_EVER = "1000"
"""A pause that ends with the run."""


def write(folder: Path) -> None:
    """Write the analysis to a folder."""
    for name, text in {"reana.yaml": SPECIFICATION, "code/greet.py": GREET, "data/names.txt": "Jane\nJoe\n"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
