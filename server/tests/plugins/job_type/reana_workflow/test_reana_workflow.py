"""The job type: its script, and a run as another account."""

import json
import os
import pwd
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.job_type.reana_workflow.worlds import World
from support.machine_accounts import add_account, remove_account
from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.values import JobContext, PluginContext
from user_workspaces.plugins.job_type.reana_workflow import (
    ReanaWorkflowJob,
    ReanaWorkflowOptions,
    ReanaWorkflowParameters,
    delivery,
)
from user_workspaces.testing.job_type_contract import JobTypeContract
from user_workspaces.workflows.storage.journal import JournalStatus


def make_job_type(base: Path, options: str = "{}") -> ReanaWorkflowJob:
    context = PluginContext("reana_workflow", base, base, base, lambda _: None)
    return ReanaWorkflowJob(context, ReanaWorkflowOptions.model_validate_json(options))


class TestReanaWorkflowJob(JobTypeContract):
    @pytest.fixture
    def job_type(self, tmp_path: Path) -> JobType:
        return make_job_type(tmp_path, json.dumps({"environment_details": {"local": {"python": sys.executable}}}))

    def test_script_run_takes_the_run_to_its_end(
        self, job_type: JobType, job_context: JobContext, world: World
    ) -> None:
        world.plan("echo hello > result")
        assert run_script(job_type, job_context, world) == (0, "", "")
        assert (world.workspace / "result").read_text() == "hello\n"
        assert world.read().status is JournalStatus.FINISHED

    def test_runner_does_not_run_with_the_python_of_an_environment(
        self, tmp_path: Path, job_context: JobContext, world: World
    ) -> None:
        broken = world.base / "bin" / "python3"
        broken.parent.mkdir()
        broken.write_text("#!/bin/sh\necho broken\nexit 1\n")
        broken.chmod(0o755)
        world.plan("python3")
        variables = {"PATH": f"{broken.parent}:/usr/bin:/bin", "UWS_SYSTEM_PATH": "/usr/bin:/bin"}
        assert run_script(make_job_type(tmp_path), job_context, world, **variables) == (1, "", "")
        assert world.log() == b"broken\n"  # commands do

    def test_python_of_the_runner_that_is_missing_is_said(
        self, tmp_path: Path, job_context: JobContext, world: World
    ) -> None:
        world.plan("true")
        outcome = run_script(make_job_type(tmp_path), job_context, world, UWS_SYSTEM_PATH="/nonexistent")
        assert outcome == (127, "", "The runner requires Python, but python3 is not on PATH.\n")


def run_script(job_type: JobType, context: JobContext, world: World, **environment: str) -> tuple[int, str, str]:
    """Run a script as a resource does; return its exit code and what it printed."""
    told = ReanaWorkflowParameters(run_directory=str(world.state), workspace=str(world.workspace))
    script = job_type.script(context, told)
    context.job_directory.mkdir()
    for file in script.files:
        (context.job_directory / file.path).write_bytes(file.content)
    variables = {**os.environ, **environment}
    ran = subprocess.run(
        ["/bin/bash"], input=script.text, text=True, env=variables, capture_output=True, check=False, timeout=60
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/a\0b"])
@pytest.mark.parametrize("name", ["run_directory", "workspace", "secrets_directory"])
def test_path_that_is_not_absolute_is_refused(name: str, path: str) -> None:
    with pytest.raises(ValidationError, match="absolute path"):
        ReanaWorkflowParameters.model_validate({name: path})


@pytest.mark.parametrize(
    "details", [{"python": "python3; id"}, {"log_megabytes": 0}, {"stop_grace_seconds": -1}, {"x": 1}]
)
def test_invalid_options_are_refused(tmp_path: Path, details: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        make_job_type(tmp_path, json.dumps({"environment_details": {"local": details}}))


def test_archive_is_the_sources_and_no_more() -> None:
    with zipfile.ZipFile(BytesIO(delivery.archive())) as packed:
        names = sorted(packed.namelist())
    assert names == ["__main__.py", *sorted(f"runner/{path.name}" for path in delivery.FOLDER.glob("*.py"))]


@pytest.mark.root
def test_run_as_another_account(world: World) -> None:
    name = f"uwstest{os.getpid() % 100000}"
    add_account(name, "--no-create-home", "--shell", "/bin/bash")
    try:
        world.plan('echo "$(id -un) $USER" > who; id -u; cat /etc/shadow 2>/dev/null || echo closed')
        uid = pwd.getpwnam(name).pw_uid
        for path in (world.state, world.workspace, world.state / "plan.json"):
            os.chown(path, uid, -1)
        world.archive.chmod(0o644)
        command = ["runuser", "-u", name, "--", "/usr/bin/env", "-i", f"USER={name}", "/usr/bin/python3"]
        ran = subprocess.run([*command, str(world.archive), *world.arguments()], cwd="/", check=False)
        assert (ran.returncode, world.log().decode().split()) == (0, [str(uid), "closed"])
        assert (world.workspace / "who").read_text() == f"{name} {name}\n"
        kept = [path for path in world.state.rglob("*") if path.is_file()]
        assert {(path.stat().st_uid, path.stat().st_mode & 0o077) for path in kept if path.name != "plan.json"} == {
            (uid, 0)
        }
    finally:
        remove_account(name)
