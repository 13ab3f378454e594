"""Sample runs of the fake REANA, one of each kind."""

import base64
from typing import Any

from reana_jupyterlab.tests.fake_reana import FakeReana, Run

IMAGE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGklEQVR4nGNkaGAgCTCRpnxUw6iGUQ3DSAMAjw8BIVYm1X8AAAAASUVORK5CYII="
)
SPECIFICATION: dict[str, Any] = {
    "version": "0.9.4",
    "inputs": {"files": ["code/fit.py"], "parameters": {"events": 1000, "cut_off": 0.5, "title": "first look"}},
    "workflow": {
        "type": "serial",
        "specification": {
            "steps": [
                {
                    "name": name,
                    "environment": "docker.io/library/python:3.12-slim",
                    "kubernetes_memory_limit": "256Mi",
                    "commands": [f"python code/fit.py --step {name} --events ${{events}}"],
                }
                for name in ("gendata", "fit", "plot")
            ]
        },
    },
    "outputs": {"files": ["results/plot.png"], "directories": ["results"]},
}


def job(name: str, status: str, start: str, end: str | None, log: str) -> dict[str, Any]:
    """Return a step as in REANA's logs."""
    return {
        "job_name": name,
        "compute_backend": "Kubernetes",
        "backend_job_id": f"reana-run-job-{name}",
        "docker_img": "docker.io/library/python:3.12-slim",
        "cmd": f"python code/fit.py --step {name} --events 1000",
        "status": status,
        "logs": log,
        "started_at": f"2026-11-21T{start}",
        "finished_at": f"2026-11-21T{end}" if end else None,
    }


def files() -> dict[str, bytes]:
    """Return thirteen files in three folders."""
    tables = {f"results/part-{number}.csv": b"x,y\n1,2\n3,4\n" * number for number in range(1, 9)}
    return {
        "code/fit.py": b"print('fit')\n",
        "data/events.json": b'{"events": [1, 2, 3]}',
        "results/plot.png": IMAGE,
        "results/fit.csv": b"parameter,value\nslope,2.1\noffset,-0.3\n",
        "README.md": b"# A run\n",
        **tables,
    }


def finished(reana: FakeReana, name: str = "hello.1", **more: Any) -> Run:
    """Add a finished run."""
    generated = "\n".join(f"event {number}: kept" for number in range(1, 400)) + "\n"
    jobs = {
        "j-1": job("gendata", "finished", "22:24:03", "22:24:15", generated),
        "j-2": job("fit", "finished", "22:24:16", "22:26:56", "slope 2.1\noffset -0.3\n"),
        "j-3": job("plot", "finished", "22:26:57", "22:27:17", "wrote results/plot.png\n"),
    }
    return reana.add(name, files=files(), jobs=jobs, specification=SPECIFICATION, ended="2026-11-21T22:27:17", **more)


def failed(reana: FakeReana) -> Run:
    """Add a run that failed in its second step."""
    trace = 'Traceback (most recent call last):\n  File "code/fit.py", line 12\nValueError: no events are left\n'
    jobs = {
        "j-4": job("gendata", "finished", "22:24:03", "22:24:15", "event 1: dropped\n"),
        "j-5": job("fit", "failed", "22:24:16", "22:24:20", trace),
    }
    specification = {**SPECIFICATION, "inputs": {"parameters": {"events": 1}}}
    return reana.add("fit-scan.7", status="failed", files=files(), jobs=jobs, specification=specification)


def running(reana: FakeReana) -> Run:
    """Add a running run."""
    jobs = {
        "j-6": job("gendata", "finished", "22:24:03", "22:24:15", "event 1: kept\n"),
        "j-7": job("fit", "running", "22:24:16", None, "iteration 1\niteration 2\n"),
    }
    return reana.add("hello.2", status="running", files=files(), jobs=jobs, specification=SPECIFICATION)


def fill(reana: FakeReana) -> None:
    """Add one of each."""
    reana.add("pilot.12", status="created", specification=SPECIFICATION)
    reana.add("cell-atlas.3.1", status="stopped", specification=SPECIFICATION)
    finished(reana)
    failed(reana)
    running(reana)
