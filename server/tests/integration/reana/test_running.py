"""`reana-client`: create, upload, start, run, status, logs, stop, restart, delete: the life of a run."""

import json
import re

import pytest

from integration.reana.analysis import FOR_EVER
from integration.reana.conftest import Reana, specification
from support.server_process import wait_for

pytestmark = pytest.mark.slow


def test_from_creation_to_results(reana: Reana) -> None:
    made = reana("create", "-w", "steps")
    assert made.code == 0
    assert made.lines[-2:] == ["steps.1", "==> SUCCESS: File /reana.yaml was successfully uploaded."]
    assert sorted(reana("upload", "-w", "steps").lines) == [
        "==> SUCCESS: File /code/greet.py was successfully uploaded.",
        "==> SUCCESS: File /data/names.txt was successfully uploaded.",
    ]
    assert reana("status", "-w", "steps").rows[0][::3] == ["steps", "created"]
    started = reana("start", "-w", "steps", "--follow")
    assert started.code == 0
    assert "==> SUCCESS: steps has finished" in started.lines
    assert f"{reana.server.url}/api/workflows/steps/workspace/results/greetings.txt" in started.lines
    status = reana("status", "-w", "steps", "-v", "--json").json[0]
    assert status["name"] == "steps"
    assert status["run_number"] == "1"
    assert status["status"] == "finished"
    assert status["progress"] == "2/2"
    assert status["command"] == 'wc -l < "results/greetings.txt" | tee results/count.txt'
    again = reana("start", "-w", "steps.1")
    assert again.code == 1
    assert "Workflow steps.1 is already finished and cannot be started again." in again.err


@pytest.mark.soak
def test_run_to_downloaded_results(reana: Reana) -> None:
    said = reana("run", "-w", "whole", "-p", "pause=0.1", "--follow")
    assert said.code == 0, said.err
    assert "whole.1" in said.lines
    assert "==> SUCCESS: whole.1 has finished" in said.lines
    assert reana("download", "-w", "whole").code == 0
    assert (reana.folder / "results" / "greetings.txt").read_text() == "Hello Jane!\nHello Joe!\n"


@pytest.mark.soak
def test_logs_while_it_runs_and_after(reana: Reana) -> None:
    reana.begin("telling", pause=FOR_EVER)
    wait_for(lambda: "Hello Jane" in reana.get("workflows/telling/logs").json()["logs"], within=120)
    said = reana("logs", "-w", "telling")
    assert said.code == 0
    assert "==> Step: greet" in said.lines
    assert "==> Status: running" in said.lines
    assert "Hello Jane" in said.lines
    assert len([line for line in said.lines if "NO CONTAINER RUNTIME IS CONFIGURED" in line]) == 1
    stopped = reana("stop", "-w", "telling", "--force")
    assert (stopped.code, stopped.lines) == (0, ["==> SUCCESS: telling has been stopped"])
    again = reana("stop", "-w", "telling", "--force")
    assert again.code == 1
    assert "is not running." in again.err
    assert reana("status", "-w", "telling").rows[0][-2:] == ["stopped", "0/2"]


@pytest.mark.soak
def test_logs_of_one_step(reana: Reana) -> None:
    reana.finish("apart")
    said = reana("logs", "-w", "apart", "--filter", "step=count")
    assert said.code == 0
    assert [line for line in said.lines if line.startswith("==> Step:")] == ["==> Step: count"]
    inner = reana("logs", "-w", "apart", "--json").json
    assert [one["status"] for one in inner["job_logs"].values()] == ["finished", "finished"]
    assert [one["docker_img"] for one in inner["job_logs"].values()] == ["docker.io/library/python:3.12-slim"] * 2
    assert inner["engine_specific"] is None


@pytest.mark.soak
def test_failing_step_fails_the_run(reana: Reana) -> None:
    (reana.folder / "code" / "greet.py").write_text("import sys\nprint('boom', file=sys.stderr)\nsys.exit(3)\n")
    reana.begin("failing")
    assert reana.wait("failing", "failed", "finished") == "failed"
    inner = reana("logs", "-w", "failing", "--json").json
    assert [(one["job_name"], one["status"], one["logs"]) for one in inner["job_logs"].values()] == [
        ("greet", "failed", "boom\n")
    ]
    assert "failed with exit code 3" in inner["workflow_logs"]
    assert reana("status", "-w", "failing").rows[0][-2:] == ["failed", "0/2"]


@pytest.mark.soak
def test_restart_with_parameters(reana: Reana) -> None:
    reana.finish("again")
    said = reana("restart", "-w", "again.1", "-p", "pause=0.2", "-o", "TARGET=greet")
    assert said.code == 0
    assert re.fullmatch(r"==> SUCCESS: again\.1\.1 (has been queued|is pending|is running)", "".join(said.lines))
    assert reana.wait("again.1.1", "finished", "failed") == "finished"
    assert reana.get("workflows/again.1.1/parameters").json()["parameters"] == {
        "out": "results/greetings.txt",
        "pause": "0.2",
    }
    assert reana.get("workflows/again.1.1/status").json()["progress"]["total"]["total"] == 1
    assert reana("list", "--filter", "name=again").rows[0][:2] == ["again", "1.1"]


@pytest.mark.soak
def test_delete_with_all_runs(reana: Reana) -> None:
    reana.finish("gone")
    reana.finish("gone")
    said = reana("delete", "-w", "gone.1", "--include-workspace")
    assert (said.code, said.lines) == (0, ["==> SUCCESS: gone.1 has been deleted"])
    assert reana.status("gone.1") == "deleted"
    assert reana.status("gone.2") == "finished"
    every = reana("delete", "-w", "gone", "--include-all-runs", "--include-workspace")
    assert (every.code, every.lines) == (0, ["==> SUCCESS: All workflows named 'gone' have been deleted."])
    assert reana.get("workflows/gone/status").status_code == 404
    assert reana.get("workflows/gone.2/workspace").status_code == 404
    assert [row[:2] for row in reana("list", "--all", "--filter", "name=gone").rows] == [["gone", "2"], ["gone", "1"]]


@pytest.mark.soak
def test_secrets_reach_only_the_steps(reana: Reana) -> None:
    (reana.folder / "code" / "greet.py").write_text(
        "import os, pathlib\n"
        "print(len(os.environ['PASSPHRASE']), pathlib.Path(os.environ['REANA_SECRETS_DIR'], 'key.pem').read_text())\n"
        "pathlib.Path('results').mkdir()\npathlib.Path('results/greetings.txt').touch()\n"
    )
    (reana.folder / "key.pem").write_text("a key")
    assert reana("secrets-add", "--env", "PASSPHRASE=correcthorse", "--file", "key.pem").code == 0
    try:
        reana.finish("secretive")
        logs = reana.get("workflows/secretive/logs").json()["logs"]
        assert "12 a key" in logs
        assert "correcthorse" not in logs
        assert "correcthorse" not in reana.server.log()
        kept = [path for path in reana.server.folder.rglob("*") if path.is_file() and "database" not in path.name]
        wait_for(lambda: not [one for one in kept if one.exists() and one.name == "environment.json"], within=60)
    finally:
        reana("secrets-delete", "PASSPHRASE", "key.pem")


@pytest.mark.soak
def test_each_command_of_a_step_is_a_job_of_its_own(reana: Reana) -> None:
    document = specification()
    document["workflow"]["specification"]["steps"][1]["commands"] = ["echo one", "echo two"]
    assert reana.request("POST", "workflows", json=document, workflow_name="several").status_code == 201
    assert reana("upload", "-w", "several").code == 0
    assert reana("start", "-w", "several").code == 0
    assert reana.wait("several", "finished", "failed") == "finished"
    jobs = json.loads(reana.get("workflows/several/logs").json()["logs"])["job_logs"]
    assert [one["job_name"] for one in jobs.values()] == ["greet", "count", "count"]
    assert len({one["backend_job_id"] for one in jobs.values()}) == 3
    finished = reana.get("workflows/several/status").json()["progress"]["finished"]
    assert finished == {"total": 3, "job_ids": list(jobs)}
    shown = reana("logs", "-w", "several").out
    assert shown.count("==> Status: finished") == 3
