"""`reana-client` with unsupported workflow engines: each is rejected with the reason."""

import os
from pathlib import Path

import pytest

from integration.reana.conftest import PROGRAM, Reana
from support.budget import first_of

pytestmark = [pytest.mark.slow, pytest.mark.soak]

SNAKEFILE = """\
rule all:
    input: "results/out.txt"

rule one:
    output: "results/out.txt"
    container: "docker://docker.io/library/python:3.12-slim"
    shell: "echo one > {output}"
"""
CWL = """\
cwlVersion: v1.0
class: Workflow
inputs: []
outputs: []
steps: {}
"""
YADAGE = """\
stages:
- name: one
  dependencies: [init]
  scheduler:
    scheduler_type: singlestep-stage
    parameters: {}
    step:
      process: {process_type: string-interpolated-cmd, cmd: echo one}
      environment: {environment_type: docker-encapsulated, image: docker.io/library/python, imagetag: 3.12-slim}
      publisher: {publisher_type: frompar-pub, outputmap: {}}
"""
ENGINES = {"cwl": ("main.cwl", CWL), "snakemake": ("Snakefile", SNAKEFILE), "yadage": ("main.yaml", YADAGE)}


@pytest.mark.parametrize("engine", first_of(*ENGINES))
def test_missing_engine_is_named_by_each_command(reana: Reana, engine: str) -> None:
    write(reana.folder, engine)
    reason = f"{engine} workflows are not supported on this server. It runs serial."
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"  # the client calls cwltool by its name
    created = reana("create", "-w", f"of-{engine}", PATH=path)
    assert created.code == 1
    assert created.err.splitlines()[-2:] == [f"==> ERROR: Cannot create workflow of-{engine}: ", reason], created
    started = reana("run", "-w", f"run-of-{engine}", PATH=path)
    assert started.code == 1
    assert started.err.splitlines()[-1] == reason
    assert "List of supported workflow engines: serial" in reana("info").lines


def write(folder: Path, engine: str) -> None:
    """Write a specification for this engine to the folder."""
    name, text = ENGINES[engine]
    (folder / "workflow").mkdir()
    (folder / "workflow" / name).write_text(text)
    specification = f"version: 0.9.4\nworkflow:\n  type: {engine}\n  file: workflow/{name}\n"
    (folder / "reana.yaml").write_text(specification)
