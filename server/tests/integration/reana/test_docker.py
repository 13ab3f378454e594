"""Steps in real Docker containers: isolation, file owners, and cleanup."""

import contextlib
import os
import pwd
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from integration.reana.conftest import LONGEST, Reana, token_of
from integration.reana.test_survival import processes_with
from support.docker_engine import Engine, docker_engine, image_of_this_machine
from support.live_server import LiveServer, live_server_process
from support.server_process import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.soak]
IMAGE = "site/tools:1.0"
LOOK = """
id -u; id -G; ls /; echo -; cat /proc/self/status
cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null
cat "$REANA_SECRETS_DIR/key"; echo
echo "$PASSWORD" | tee kept.txt
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with docker_engine() as engine:
        engine("import", "-", IMAGE, stdin=image_of_this_machine())
        engine.try_out(IMAGE)
        yield engine


@pytest.fixture(scope="module")
def server(engine: Engine) -> Iterator[LiveServer]:
    def with_docker(config: dict[str, Any]) -> None:
        options = {"program": str(engine.program), "network": "none"}
        docker = {"name": "Docker", "container_runtime_type": "DockerRuntime", "options": options}
        config["container_runtimes"] = {"docker": docker}
        config["workflows"] = {"requests_per_second": None}

    with live_server_process(change=with_docker) as running:
        yield running


@pytest.fixture
def ada(server: LiveServer, tmp_path: Path) -> Reana:
    return Reana(server, token_of(server, server.username), tmp_path)


def start(ada: Reana, name: str, command: str, **step: object) -> None:
    """Start a run of one command in a container."""
    steps = [{"name": "only", "environment": IMAGE, "commands": [command.replace("$", "$$")], **step}]
    document = {"version": "0.9.4", "workflow": {"type": "serial", "specification": {"steps": steps}}}
    ada.request("POST", "workflows", json=document, workflow_name=name).raise_for_status()
    ada.request("POST", f"workflows/{name}/start", json={}).raise_for_status()


def logs_of(ada: Reana, name: str) -> dict[str, Any]:
    """Return the engine's log and the output of each command."""
    logs: dict[str, Any] = orjson.loads(ada.get(f"workflows/{name}/logs").json()["logs"])
    return logs


def output_of(ada: Reana, name: str) -> str:
    """Return the output of the commands."""
    return "".join(job["logs"] for job in logs_of(ada, name)["job_logs"].values())


def test_step_runs_in_its_container_as_the_user(ada: Reana, engine: Engine) -> None:
    secrets = {"PASSWORD": {"type": "env", "value": "bWVsbG9u"}, "key": {"type": "file", "value": "c2VzYW1l"}}
    ada.request("POST", "secrets", json=secrets).raise_for_status()
    start(ada, "look", LOOK, kubernetes_memory_limit="64Mi")
    assert ada.wait("look", "finished", "failed", "stopped") == "finished", logs_of(ada, "look")
    user = pwd.getpwnam(ada.server.username)
    lines = output_of(ada, "look").splitlines()
    assert lines[:2] == [str(user.pw_uid), str(user.pw_gid)]
    assert "home" not in lines[2 : lines.index("-")]
    assert {"CapEff:\t0000000000000000", "NoNewPrivs:\t1", str(64 << 20)} <= set(lines)
    assert lines[-2:] == ["sesame", "mellon"]
    assert "NO CONTAINER RUNTIME" not in logs_of(ada, "look")["workflow_logs"]
    assert ada.get("workflows/look/workspace/kept.txt").text == "mellon\n"
    kept = next(ada.server.folder.glob("workspaces/**/kept.txt"))
    assert kept.stat().st_uid == user.pw_uid
    assert engine.containers() == []


def test_missing_image_fails_the_step_with_a_reason(ada: Reana) -> None:
    start(ada, "nowhere", "true", environment="localhost:1/no/such:image")
    assert ada.wait("nowhere", "finished", "failed", "stopped") == "failed"
    assert "localhost:1/no/such:image" in output_of(ada, "nowhere")


def test_stopped_run_leaves_no_container(ada: Reana, engine: Engine) -> None:
    start(ada, "stopped", "echo begun; sleep 1000")
    wait_for(lambda: "begun" in output_of(ada, "stopped"), within=LONGEST)
    assert len(engine.containers()) == 1
    ada.request("PUT", "workflows/stopped/status", json={}, status="stop").raise_for_status()
    wait_for(lambda: engine.containers() == [], within=LONGEST)
    assert ada.wait("stopped", "finished", "failed", "stopped") == "stopped"


def test_run_continues_in_one_container_after_kills(ada: Reana, engine: Engine) -> None:
    start(ada, "survivor", "echo again >> kept.txt; sleep 2; cat kept.txt")
    wait_for(engine.containers, within=LONGEST)
    run = ada.get("workflows/survivor/status").json()["id"]
    for pid in [*processes_with("runner.pyz", run), *processes_with("docker", "run", IMAGE)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert ada.wait("survivor", "finished", "failed", "stopped") == "finished", logs_of(ada, "survivor")
    assert output_of(ada, "survivor") == "again\nagain\n"
    assert engine.containers() == []
