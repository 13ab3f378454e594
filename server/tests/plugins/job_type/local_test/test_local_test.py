"""The smallest job: really run by bash, as a resource would."""

import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.values import JobContext, PluginContext, Preparation, PreparationState
from user_workspaces.plugins.job_type.local_test import LocalTestJob, LocalTestOptions
from user_workspaces.testing.job_type_contract import JobTypeContract


def make_job_type(base_dir: Path, options: str = "{}") -> LocalTestJob:
    context = PluginContext(
        name="local_test",
        base_dir=base_dir,
        data_dir=base_dir / "job_type" / "local_test",
        runtime_dir=base_dir,
        find_client=lambda _token: None,
    )
    return LocalTestJob(context, LocalTestOptions.model_validate_json(options))


class TestLocalTestJob(JobTypeContract):
    @pytest.fixture
    def job_type(self, tmp_path: Path) -> JobType:
        return make_job_type(tmp_path)

    def test_script_run_writes_the_greeting_and_sleeps(self, job_type: JobType, job_context: JobContext) -> None:
        job_context.workspace.mkdir()
        text = self.write(job_type, job_context).text.replace("exec sleep", "echo slept")
        ran = subprocess.run(
            ["bash"], input=text, text=True, cwd=job_context.workspace, capture_output=True, check=True
        )
        files = {file.name: file.read_text() for file in job_context.workspace.iterdir()}
        assert (files, ran.stdout) == ({"LocalTest_7_output.log": "Hello World\n"}, "slept 10\n")

    def test_script_run_in_a_full_folder_still_sleeps(self, job_type: JobType, job_context: JobContext) -> None:
        (job_context.workspace / "LocalTest_7_output.log").mkdir(parents=True)
        text = self.write(job_type, job_context).text.replace("exec sleep", "echo slept")
        ran = subprocess.run(
            ["bash"], input=text, text=True, cwd=job_context.workspace, capture_output=True, check=True
        )
        assert ran.stdout == "slept 10\n"

    def test_job_type_is_not_interactive(self, job_type: JobType) -> None:
        assert not job_type.is_interactive

    def test_prepare_is_ready_everywhere(self, job_type: JobType) -> None:
        assert job_type.prepare("anywhere") == Preparation(PreparationState.READY)


def test_options_of_a_resource_are_accepted(tmp_path: Path) -> None:
    assert (
        make_job_type(tmp_path, '{"environment_details": {"local": {}, "slurm": {"time_limit": 5}}}').check().connected
    )


@pytest.mark.parametrize(
    "options", ['{"environment": {}}', '{"environment_details": []}', '{"environment_details": {"a": 1}}']
)
def test_options_with_a_mistake_are_refused(options: str) -> None:
    with pytest.raises(ValidationError):
        LocalTestOptions.model_validate_json(options)
