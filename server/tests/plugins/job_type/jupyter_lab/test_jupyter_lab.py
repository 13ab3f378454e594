"""The job type as the controller sees it: what it is set up for, what it says, what it wants to be run."""

import json
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from plugins.job_type.jupyter_lab.driver import make_job_type
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.values import Health, JobContext, Preparation, PreparationState
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.plugins.job_type.jupyter_lab.launch import authorization
from user_workspaces.testing.job_type_contract import ACCESS_TOKEN, SECRET, JobTypeContract

TAR = '{"environment_details": {"local": {"module_manager": "tar", "tar_file_path": "lab.tar"}}}'
LMOD = '{"environment_details": {"local": {"module_manager": "lmod", "modules": ["python/3.12", "jupyter"]}}}'


@pytest.fixture
def base_dir(tmp_path: Path) -> Path:
    (tmp_path / "environments").touch()  # a file in its place: no build is started here
    return tmp_path


class TestVirtualenv(JobTypeContract):
    @pytest.fixture
    def job_type(self, base_dir: Path) -> JobType:
        return make_job_type(base_dir)


class TestLmod(JobTypeContract):
    @pytest.fixture
    def job_type(self, base_dir: Path) -> JobType:
        return make_job_type(base_dir, LMOD)

    def test_prepare_is_ready(self, job_type: JobType) -> None:
        assert job_type.prepare("local") == Preparation(PreparationState.READY)

    def test_base_has_the_modules_in_order(self, job_type: JobType) -> None:
        assert job_type.base("local") == Base(None, ("python/3.12", "jupyter"))


class TestTar(JobTypeContract):
    @pytest.fixture
    def job_type(self, base_dir: Path) -> JobType:
        (base_dir / "lab.tar").touch()
        return make_job_type(base_dir, TAR)


@pytest.fixture
def job_type(base_dir: Path) -> JupyterLabJob:
    return make_job_type(base_dir)


@pytest.fixture
def job_context(tmp_path: Path) -> JobContext:
    return JobTypeContract.job_context.__wrapped__(JobTypeContract(), tmp_path)  # type: ignore[attr-defined,no-any-return]  # the fixture of the contract, called as a function


def write(job_type: JupyterLabJob, context: JobContext) -> tuple[str, dict[str, bytes]]:
    script = job_type.script(context, job_type.Parameters())
    return script.text, {file.path: file.content for file in script.files}


def test_script_starts_with_the_interpreter_of_the_environment(
    job_type: JupyterLabJob, job_context: JobContext, base_dir: Path
) -> None:
    text, _ = write(job_type, job_context)
    program, python, isolated, start = shlex.split(text)
    assert (program, isolated, start) == ("exec", "-I", str(job_context.job_directory / "start.py"))
    environments, _, *rest = Path(python).relative_to(base_dir).parts
    assert (environments, rest) == ("environments", ["bin", "python"])


def test_base_of_a_virtual_environment_has_the_modules(base_dir: Path) -> None:
    job_type = make_job_type(base_dir, '{"environment_details": {"local": {"modules": ["gcc/13"]}}}')
    base = job_type.base("local")
    assert base is not None
    assert base.folder is not None
    assert (base.folder.parent, base.modules) == (base_dir / "environments", ("gcc/13",))


@pytest.mark.parametrize("kind", ["lmod", "virtualenv"])
def test_modules_are_loaded_whatever_environment_the_job_has(
    base_dir: Path, job_context: JobContext, kind: str
) -> None:
    options = {"environment_details": {"local": {"module_manager": kind, "modules": ["python/3.12", "jupyter"]}}}
    job_type = make_job_type(base_dir, json.dumps(options))
    script = job_type.script(job_context, job_type.Parameters())
    assert script.modules == ("python/3.12", "jupyter")


def test_jupyterlab_of_modules_runs_on_the_python_of_modules(base_dir: Path, job_context: JobContext) -> None:
    """The one on PATH would be the overlay's, with the user's packages."""
    for name, program in (("lab", "jupyter-lab"), ("site", "python3"), ("overlay", "python3")):
        (base_dir / name).mkdir()
        (base_dir / name / program).write_text(f"#!/bin/sh\necho {name}\n")
        (base_dir / name / program).chmod(0o755)
    site = f"{base_dir}/lab:{base_dir}/site:/usr/bin:/bin"
    text, _ = write(make_job_type(base_dir, LMOD), job_context)
    environment = {"PATH": f"{base_dir}/overlay:{site}", "UWS_SITE_PATH": site}
    ran = subprocess.run(["/bin/bash", "-c", text], env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "site\n"), ran.stderr


def test_base_on_another_resource_is_refused(job_type: JupyterLabJob) -> None:
    with pytest.raises(InvalidRequest):
        job_type.base("unknown")


def test_session_file_says_what_differs_between_sessions(job_type: JupyterLabJob, job_context: JobContext) -> None:
    _, files = write(job_type, job_context)
    parts = ["jupyter_session_config.py", "python/sitecustomize.py", "session_kernels.py", "start.py"]
    parts += ["session_static_files.py", "terminal.sh"]
    assert sorted(files) == sorted([*parts, "reana.json", "session.json"])
    assert json.loads(files["session.json"]) == {
        "authorization": authorization(job_context),
        "shares_machine": os.geteuid() == 0,
        "user": "ada",
        "base_path": "/passthrough/local/7/",
        "workspace": str(job_context.workspace),
        "message_limit": 100 << 20,
    }


def test_nothing_that_a_session_is_given_leads_to_another_secret(
    job_type: JupyterLabJob, job_context: JobContext
) -> None:
    _, files = write(job_type, job_context)
    header = authorization(job_context)
    assert [name for name, content in files.items() if SECRET.encode() in content] == []
    assert header == f"token {job_context.derive('session authorization')}"
    assert len({SECRET, job_context.derive("session authorization"), job_context.derive("another")}) == 3
    assert authorization(replace(job_context, secret="another")) != header


def test_reana_access_is_a_file_named_by_a_variable(job_type: JupyterLabJob, job_context: JobContext) -> None:
    _, files = write(job_type, job_context)
    told = {"server": "http://localhost:8000", "access_token": ACCESS_TOKEN, "takes_header": False}
    assert json.loads(files["reana.json"]) == told
    environment = dict(job_type.script(job_context, job_type.Parameters()).environment)
    assert environment == {"REANA_CREDENTIALS_FILE": str(job_context.job_directory / "reana.json")}


def test_session_without_access_to_reana_has_neither_file_nor_variable(
    job_type: JupyterLabJob, job_context: JobContext
) -> None:
    script = job_type.script(replace(job_context, reana=None), job_type.Parameters())
    assert script.environment == ()
    assert "reana.json" not in [file.path for file in script.files]


def test_other_files_are_the_same_for_all_sessions(job_type: JupyterLabJob, job_context: JobContext) -> None:
    _, one = write(job_type, job_context)
    other_context = replace(job_context, job_id=8, secret="x", base_path="/passthrough/local/8/")
    _, other = write(job_type, other_context)
    assert [name for name in one if one[name] != other[name]] == ["session.json"]


def test_resource_without_an_entry_is_refused_by_name(job_type: JupyterLabJob, job_context: JobContext) -> None:
    message = "jupyter_lab is not set up on slurm: environment_details has no entry for it."
    assert job_type.prepare("slurm") == Preparation(PreparationState.FAILED, message)
    with pytest.raises(InvalidRequest, match="not set up on slurm"):
        write(job_type, replace(job_context, resource="slurm"))


def test_archive_that_is_not_there_is_a_failure(base_dir: Path) -> None:
    job_type = make_job_type(base_dir, TAR)
    expected = Preparation(PreparationState.FAILED, "tar_file_path: the archive does not exist.")
    assert job_type.prepare("local") == expected
    assert job_type.check() == Health(connected=False, message="JupyterLab could not be prepared for local.")


def test_wheel_that_is_not_there_is_a_failure(base_dir: Path) -> None:
    job_type = make_job_type(base_dir, '{"environment_details": {"local": {"python_packages": ["./a.whl"]}}}')
    expected = Preparation(
        PreparationState.FAILED, "python_packages: ./a.whl is not a file; a path must be that of a wheel."
    )
    assert job_type.prepare("local") == expected


def test_version_that_is_not_there_is_a_failure(base_dir: Path) -> None:
    job_type = make_job_type(base_dir, '{"environment_details": {"local": {"python_version": "3.99"}}}')
    assert "No Python 3.99 was found" in job_type.prepare("local").message


def test_mistake_in_the_options_names_the_key() -> None:
    with pytest.raises(ValidationError, match=r"environment_details\.local\.module_manager"):
        make_job_type(Path("/"), '{"environment_details": {"local": {"module_manager": "conda"}}}')
