"""Environments of conda and packages of R, made by the real program; conda itself is played by scripts."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.values import JobContext, Limits, PluginContext, SystemAccount
from user_workspaces.plugins.job_type.environment_build import (
    EnvironmentBuildJob,
    EnvironmentBuildOptions,
    EnvironmentBuildParameters,
)
from user_workspaces.testing.job_type_contract import JobTypeContract
from user_workspaces.testing.waiting import eventually

TOOLS = ("bash", "mkdir", "rm", "ln", "mv", "readlink", "cat", "sh", "flock")
MAKES = """#!/bin/sh
echo "$0 $@" >> "$HOME/asked"
while [ $# -gt 0 ]; do [ "$1" = --prefix ] && prefix=$2; shift; done
mkdir -p "$prefix/bin" "$prefix/share/jupyter/kernels/python3"
ln -s "$HOME/python" "$prefix/bin/python"
echo "made $UWS_JOB_ID" > "$prefix/bin/tool"
"""
WAITS = MAKES + '[ "$UWS_JOB_ID" = 2 ] || read -r line < "$HOME/gate"\n'
"""The first job has made its files, and waits before it ends."""
LOCKS = '#!/bin/sh\necho "$UWS_JOB_ID" >> "$HOME/locking"\nexec "$HOME/flock" "$@"\n'
BREAKS = MAKES + "exit 1\n"
PACKAGE = """\
dir.create("crab")
writeLines(c("Package: crab", "Version: 1.0", "Title: X", "Description: X.", "License: MIT", "Author: X",
  "Maintainer: x <x@example.org>"), "crab/DESCRIPTION")
file.create("crab/NAMESPACE")
install.packages("crab", repos = NULL, type = "source")
"""


def make_job_type(base_dir: Path) -> EnvironmentBuildJob:
    context = PluginContext(
        name="environment_build", base_dir=base_dir, data_dir=base_dir, runtime_dir=base_dir, find_client=lambda _: None
    )
    return EnvironmentBuildJob(context, EnvironmentBuildOptions())


class TestEnvironmentBuildJob(JobTypeContract):
    @pytest.fixture
    def job_type(self, tmp_path: Path) -> JobType:
        return make_job_type(tmp_path)


class Place:
    """A workspace, and all that is on PATH."""

    def __init__(self, folder: Path, context: JobContext) -> None:
        self.workspace, self.programs, self.context = folder / "w", folder / "bin", context
        self.job_type, self.folder = make_job_type(folder), folder
        self.workspace.mkdir()
        self.programs.mkdir()
        for tool in TOOLS:
            (self.programs / tool).symlink_to(shutil.which(tool) or tool)
        (folder / "python").symlink_to(sys.executable)

    def offer(self, name: str, script: str) -> None:
        (self.programs / name).write_text(script)
        (self.programs / name).chmod(0o755)

    def made(self) -> list[str]:
        names = (path.name for path in (self.workspace / ".environment").iterdir())
        return sorted(name for name in names if name != ".build")

    def run(self, kind: str, file: str, *, job: int = 1, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Return the exit code, and what the last line says."""
        parameters = EnvironmentBuildParameters.model_validate({"kind": kind, "file": file})
        script = self.job_type.script(self.context, parameters)
        self.context.job_directory.mkdir(exist_ok=True)
        for one in script.files:
            (self.context.job_directory / one.path).write_bytes(one.content)
        environment = {
            "PATH": str(self.programs),
            "HOME": str(self.folder),
            "UWS_JOB_ID": str(job),
            **(variables or {}),
        }
        ended = subprocess.run(
            ["bash", "-c", script.text],
            cwd=self.workspace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = [line for line in ended.stdout.splitlines() if line.startswith("uws: ")]
        return ended.returncode, said[-1] if said else ended.stderr


@pytest.fixture
def location(tmp_path: Path) -> Place:
    return Place(tmp_path, _context(tmp_path))


def _context(folder: Path) -> JobContext:
    return JobContext(
        job_id=1,
        key="k",
        secret="s",
        account=SystemAccount("ada", os.getuid(), os.getgid(), folder),
        workspace=folder / "w",
        job_directory=folder / "job's",
        resource="local",
        base_path="/",
        limits=Limits(),
    )


def test_without_conda_it_says_so(location: Place) -> None:
    (location.workspace / "environment.yml").touch()
    code, said = location.run("conda", "environment.yml")
    assert (code, said[:73]) == (3, "uws: This server has no conda (micromamba, conda, mamba or pixi). List Py")
    assert location.made() == []


@pytest.mark.parametrize("tool", ["micromamba", "mamba", "conda"])
def test_environment_of_conda_is_there_when_it_is_whole(location: Place, tool: str) -> None:
    location.offer(tool, MAKES)
    (location.workspace / "environment.yml").touch()
    assert location.run("conda", "environment.yml") == (0, "uws: done")
    conda = location.workspace / ".environment" / "conda"
    assert (conda / "bin" / "tool").read_text() == "made 1\n"
    kernel = json.loads((conda / "share" / "jupyter" / "kernels" / "conda" / "kernel.json").read_text())
    assert kernel["argv"][0] == str(conda / "bin" / "python")
    assert kernel["display_name"] == "Python (environment.yml)"


def test_half_an_environment_of_conda_is_never_used(location: Place) -> None:
    location.offer("conda", BREAKS)
    (location.workspace / "environment.yml").touch()
    assert location.run("conda", "environment.yml") == (
        4,
        "uws: conda could not create the environment of environment.yml. See the log.",
    )
    assert not (location.workspace / ".environment" / "conda").exists()
    location.offer("conda", MAKES)
    assert location.run("conda", "environment.yml", job=2)[0] == 0
    location.offer("conda", BREAKS)
    assert location.run("conda", "environment.yml", job=3)[0] == 4
    assert (location.workspace / ".environment" / "conda" / "bin" / "tool").read_text() == "made 2\n"


def test_environment_before_the_last_one_is_removed(location: Place) -> None:
    location.offer("conda", MAKES)
    (location.workspace / "environment.yml").touch()
    for job in (1, 2, 3):
        assert location.run("conda", "environment.yml", job=job)[0] == 0
    assert location.made() == ["conda", "conda-2", "conda-3"]


def test_second_job_waits_for_the_first(location: Place) -> None:
    location.offer("conda", WAITS)
    (location.programs / "flock").rename(location.folder / "flock")
    location.offer("flock", LOCKS)
    (location.folder / "locking").touch()
    os.mkfifo(location.folder / "gate")
    (location.workspace / "environment.yml").touch()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(location.run, "conda", "environment.yml", job=1)
        eventually((location.workspace / ".environment" / "conda-1" / "bin" / "tool").is_file)
        second = threads.submit(location.run, "conda", "environment.yml", job=2)
        eventually(lambda: second.done() or "2" in (location.folder / "locking").read_text())
        (location.folder / "gate").write_text("\n")
        assert (first.result(), second.result()) == ((0, "uws: done"), (0, "uws: done"))
    assert location.made() == ["conda", "conda-1", "conda-2"]
    assert (location.workspace / ".environment" / "conda" / "bin" / "tool").read_text() == "made 2\n"


def test_process_that_outlives_a_job_does_not_block_the_next_one(location: Place) -> None:
    location.offer("conda", MAKES + 'readlink /proc/self/fd/* > "$HOME/open" || true\n')
    (location.workspace / "environment.yml").touch()
    assert location.run("conda", "environment.yml") == (0, "uws: done")
    opened = (location.folder / "open").read_text().splitlines()
    assert str(location.folder / "open") in opened
    assert [path for path in opened if ".environment" in path] == []


def test_deleted_file_is_reported(location: Place) -> None:
    assert location.run("conda", "environment.yml") == (4, "uws: environment.yml no longer exists.")


def test_without_r_it_says_so(location: Place) -> None:
    (location.workspace / "install.R").touch()
    assert location.run("r", "install.R") == (3, "uws: This server has no R, so install.R cannot be run.")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_packages_of_r_are_installed_in_the_workspace(location: Place) -> None:
    library = location.workspace / ".environment" / "R" / "4"
    library.mkdir(parents=True)
    (location.workspace / "install.R").write_text(PACKAGE)
    variables = {"PATH": os.environ["PATH"], "R_LIBS_USER": str(library)}
    assert location.run("r", "install.R", variables=variables) == (0, "uws: done")
    assert (library / "crab" / "DESCRIPTION").is_file()
    (location.workspace / "install.R").write_text('stop("no")')
    assert location.run("r", "install.R", variables=variables) == (
        4,
        "uws: install.R failed. See the log.",
    )


@pytest.mark.parametrize("given", [{"kind": "sh"}, {"file": "../x"}, {"file": "-x"}, {"file": "a b"}, {"other": 1}])
def test_other_parameters_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EnvironmentBuildParameters.model_validate(given)
