"""The contract suite of job types: inherit from it and override the fixture `job_type`."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.values import (
    Health,
    JobContext,
    JobScript,
    Limits,
    Preparation,
    PreparationState,
    ReanaAccess,
    SystemAccount,
)

SECRET = "a-secret-that-must-not-appear-anywhere-1234"  # noqa: S105  not a real secret
ACCESS_TOKEN = "a-token-that-must-not-appear-anywhere-5678"  # noqa: S105  not a real secret
LARGEST_FILE = 1_000_000


class JobTypeContract:
    """The tests. Override `job_context`, too, for a job type that supports certain resources only."""

    @pytest.fixture
    def job_type(self) -> JobType:
        """Return the job type, configured for the resource of `job_context`."""
        raise NotImplementedError

    @pytest.fixture
    def job_context(self, tmp_path: Path) -> JobContext:
        """Return the context of a job that was not submitted."""
        return JobContext(
            job_id=7,
            key="0123456789abcdef",
            secret=SECRET,
            account=SystemAccount(name="ada", uid=2001, gid=2001, home=tmp_path / "home"),
            workspace=tmp_path / "work space's",
            job_directory=tmp_path / "job's $(directory)",
            resource="local",
            base_path="/passthrough/local/7/",
            limits=Limits(),
            reana=ReanaAccess("http://localhost:8000", ACCESS_TOKEN),
        )

    def write(self, job_type: JobType, context: JobContext) -> JobScript:
        """Return the script of a launch without parameters."""
        return job_type.script(context, job_type.Parameters())

    def test_script_again_is_the_same(self, job_type: JobType, job_context: JobContext) -> None:
        with ThreadPoolExecutor(4) as threads:
            scripts = list(threads.map(lambda _: self.write(job_type, job_context), range(8)))
        assert scripts == [self.write(job_type, job_context)] * 8

    def test_script_is_valid_bash(self, job_type: JobType, job_context: JobContext) -> None:
        text = self.write(job_type, job_context).text
        checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")

    def test_script_of_a_secret_holds_it_in_files_only(self, job_type: JobType, job_context: JobContext) -> None:
        script = self.write(job_type, job_context)
        readable = [script.text, *(f"{key}={value}" for key, value in script.environment)]
        readable += [file.path for file in script.files]
        assert [text for text in readable if SECRET in text or ACCESS_TOKEN in text] == []

    def test_script_of_another_secret_is_the_same_text(self, job_type: JobType, job_context: JobContext) -> None:
        reana = ReanaAccess("http://localhost:8000", "another")
        other = self.write(job_type, replace(job_context, secret="another", reana=reana))  # noqa: S106  not a real secret
        script = self.write(job_type, job_context)
        assert (other.text, other.environment) == (script.text, script.environment)

    def test_script_shown_does_not_show_the_secret(self, job_type: JobType, job_context: JobContext) -> None:
        shown = repr((self.write(job_type, job_context), job_context))
        assert SECRET not in shown
        assert ACCESS_TOKEN not in shown

    def test_files_stay_in_the_directory_of_the_job(self, job_type: JobType, job_context: JobContext) -> None:
        paths = [PurePosixPath(file.path) for file in self.write(job_type, job_context).files]
        assert [path for path in paths if path.is_absolute() or ".." in path.parts or not path.parts] == []
        assert len(set(paths)) == len(paths)

    def test_files_are_small(self, job_type: JobType, job_context: JobContext) -> None:
        files = self.write(job_type, job_context).files
        assert [file.path for file in files if len(file.content) > LARGEST_FILE] == []

    def test_environment_names_are_those_of_a_shell(self, job_type: JobType, job_context: JobContext) -> None:
        environment = self.write(job_type, job_context).environment
        assert [key for key, value in environment if not key.isidentifier() or "\0" in value] == []

    def test_writing_a_script_touches_no_file(self, job_type: JobType, job_context: JobContext) -> None:
        self.write(job_type, job_context)
        assert not job_context.job_directory.exists()
        assert not job_context.workspace.exists()

    def test_prepare_says_how_far_it_is(self, job_type: JobType, job_context: JobContext) -> None:
        preparation = job_type.prepare(job_context.resource)
        assert isinstance(preparation, Preparation)
        assert preparation.message or preparation.state is PreparationState.READY

    def test_prepare_for_an_unknown_resource_does_not_raise(self, job_type: JobType) -> None:
        preparation = job_type.prepare("no such resource")
        assert preparation.message or preparation.state is PreparationState.READY

    def test_endpoint_before_the_start_is_none(self, job_type: JobType, job_context: JobContext) -> None:
        assert job_type.endpoint(job_context) is None

    def test_endpoint_in_an_empty_directory_is_none(self, job_type: JobType, job_context: JobContext) -> None:
        job_context.job_directory.mkdir()
        assert job_type.endpoint(job_context) is None

    def test_check_says_how_it_is(self, job_type: JobType) -> None:
        health = job_type.check()
        assert isinstance(health, Health)
        assert health.message or health.connected
