"""The environment of a run: what commands get of it, what the runner does not, and the lock that is kept."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.job_type.reana_workflow.worlds import World
from user_workspaces.plugins.job_type.reana_workflow.runner import environment
from user_workspaces.plugins.job_type.reana_workflow.runner.journal import CannotRun
from user_workspaces.workflows.environment_record import EnvironmentRecord

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SHOW = 'echo "$PATH|$VIRTUAL_ENV|$JUPYTER_PATH|$R_LIBS_USER"'


class Venv:
    """A real virtual environment with packages that are only named."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.packages = next(folder.glob("lib/python*/site-packages"))

    def add(self, *names: str, base: "Venv | None" = None) -> None:
        for name in names:
            (self.packages / f"{name}.dist-info").mkdir()
        if base is not None:
            (self.packages / "_base.pth").write_text(f"{base.packages}\n")

    def variables(self) -> dict[str, str]:
        """The variables of an activated environment."""
        return {
            "PATH": f"{self.folder}/bin:{SYSTEM_PATH}",
            "UWS_SYSTEM_PATH": SYSTEM_PATH,
            "VIRTUAL_ENV": str(self.folder),
            "JUPYTER_PATH": f"{self.folder}/share/jupyter",
            "R_LIBS_USER": f"{self.folder}/r",
        }


@pytest.fixture
def overlay(world: World) -> Venv:
    """An environment of a workspace above a base."""
    base = Venv(world.base / "base")
    base.add("numpy-2.1.0", "Fit.Tools-1.0")
    found = Venv(world.base / ".environment")
    found.add("fit_tools-3.0rc1", "zarr-2.0", base=base)
    return found


def recorded(world: World) -> EnvironmentRecord:
    found = world.read().environment
    assert found is not None
    return found


def test_commands_get_the_environment_and_its_lock_is_kept(world: World, overlay: Venv) -> None:
    world.plan(["python -c 'import sys; print(sys.prefix)'", SHOW])
    assert world.run(environment=overlay.variables()) == (0, "")
    variables = overlay.variables()
    assert world.log(0).decode() == f"{overlay.folder}\n"
    assert world.log(1).decode().strip().split("|") == [
        variables[name] for name in ("PATH", "VIRTUAL_ENV", "JUPYTER_PATH", "R_LIBS_USER")
    ]
    lock = (world.workspace / "environment.lock").read_bytes()
    version = ".".join(map(str, sys.version_info[:3]))
    assert lock.decode() == f"# Python {version}\nfit-tools==3.0rc1\nnumpy==2.1.0\nzarr==2.0\n"
    digest = hashlib.sha256(lock).hexdigest()
    assert recorded(world) == EnvironmentRecord("workspace Fit", 3, digest, "environment.lock")
    line = f"Environment: workspace Fit, 3 packages, lock sha256:{digest} in environment.lock\n"
    assert world.read().engine_log.count(line) == 1


def test_in_images_there_is_no_environment_and_no_lock(world: World, overlay: Venv) -> None:
    world.plan(SHOW, argv=["/bin/bash", "-c"], uses_images=True)
    assert world.run(environment=overlay.variables()) == (0, "")
    assert world.log().decode() == f"{SYSTEM_PATH}|||\n"
    assert (world.read().environment, list(world.workspace.iterdir())) == (None, [])


def test_plan_of_an_earlier_version_says_by_its_runtime_whether_images_are_used(world: World) -> None:
    world.plan("true", name="docker")
    assert world.run() == (0, "")
    assert world.read().environment is None


def test_file_of_the_user_is_not_replaced_and_each_run_keeps_its_lock(world: World, overlay: Venv) -> None:
    (world.workspace / "environment.lock").write_text("mine")
    (world.workspace / "environment-1.lock").symlink_to("/etc/passwd")
    os.mkfifo(world.workspace / "environment-2.lock")
    world.plan("true")
    assert world.run(environment=overlay.variables()) == (0, "")
    assert recorded(world).file == "environment-3.lock"
    restart(world, overlay)
    assert recorded(world).file == "environment-3.lock"  # the same packages
    overlay.add("more-1.0")
    restart(world, overlay)
    assert recorded(world).file == "environment-4.lock"
    assert (world.workspace / "environment.lock").read_text() == "mine"
    assert [path.name for path in world.workspace.glob(".environment*")] == []


def restart(world: World, overlay: Venv) -> None:
    """Run again in the same workspace, as another run."""
    (world.state / "journal.jsonl").unlink()
    assert world.run(environment=overlay.variables()) == (0, "")


@pytest.mark.parametrize("when", ["before", "after"])
def test_runner_that_is_killed_keeps_one_lock(world: World, overlay: Venv, when: str) -> None:
    world.plan("true")
    world.outcome(world.start_dying(2, when=when))
    assert world.run() == (0, "")
    assert [path.name for path in world.workspace.iterdir()].count("environment.lock") == 1
    assert world.read().engine_log.count("Environment: ") == 1


def test_draft_that_a_killed_runner_left_is_removed(world: World) -> None:
    (world.workspace / f".environment.lock.{world.state.name}").write_text("# Py")
    world.plan("true")
    assert world.run() == (0, "")
    assert [path.name for path in world.workspace.iterdir()] == ["environment.lock"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("#!/bin/sh\nexit 1\n", "The packages of its Python cannot be listed."),
        ("#!/bin/sh\necho '[7]'\n", "The packages of its Python cannot be listed."),
        ("#!/bin/sh\necho '[\"3.8\", 7]'\n", "The packages of its Python cannot be listed."),
        ("no program", "The packages of its Python cannot be listed."),
    ],
)
def test_python_that_is_broken_costs_the_lock_only(world: World, content: str, message: str) -> None:
    folder = world.base / "bin"
    folder.mkdir()
    (folder / "python").write_text(content)
    (folder / "python").chmod(0o755)
    world.plan("echo ran")
    assert world.run(environment={"PATH": f"{folder}:{SYSTEM_PATH}"}) == (0, "")
    assert (world.log(), recorded(world).message, recorded(world).packages) == (b"ran\n", message, None)


def test_environment_without_a_python_is_said(world: World) -> None:
    world.plan("true")
    assert world.run(environment={"PATH": "/nonexistent", "VIRTUAL_ENV": ""}) == (0, "")
    assert "Environment: this machine. It has no Python.\n" in world.read().engine_log


def test_no_code_of_a_package_runs_for_the_lock(world: World, overlay: Venv) -> None:
    trap = f"import os; open({str(world.base / 'sprung')!r}, 'w')\n"
    (overlay.packages / "trap.pth").write_text(trap)
    for name in ("sitecustomize", "usercustomize", "json", "site"):
        (overlay.packages / f"{name}.py").write_text(trap)
    (world.workspace / "json.py").write_text(trap)
    world.plan("true")
    assert world.run(environment={**overlay.variables(), "PYTHONPATH": str(overlay.packages)}) == (0, "")
    assert (recorded(world).packages, (world.base / "sprung").exists()) == (3, False)


def test_workspace_that_takes_no_lock_costs_the_lock_only(world: World) -> None:
    world.plan("echo ran")
    (world.workspace / f".environment.lock.{world.state.name}").mkdir()
    assert world.run() == (0, "")
    assert recorded(world).message.startswith("The lock file of the environment cannot be written: ")
    assert recorded(world).packages is not None


def test_packages_of_the_system_are_those_that_python_finds() -> None:
    """As importlib.metadata says, which runs in that Python and reads each package."""
    asked = "import importlib.metadata as m; print(*{d.metadata['Name'] for d in m.distributions()}, sep='\\n')"
    names = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd="/").stdout
    expected = {environment.normalized(name) for name in names.split()}
    lock = environment.lock_of(sys.executable)
    assert lock is not None
    lines = [line.removeprefix("# ") for line in lock.content.decode().splitlines()[1:]]
    assert {line.partition("==")[0] for line in lines} == expected


def test_lock_has_each_of_a_thousand_packages(overlay: Venv) -> None:
    overlay.add(*(f"package{number}-1.{number}" for number in range(1000)))
    assert lock_in(overlay).packages == 1003


def test_package_from_a_file_is_a_comment_in_the_lock(overlay: Venv) -> None:
    overlay.add("mytools-1.0")
    (overlay.packages / "mytools-1.0.dist-info" / "direct_url.json").write_text('{"url": "file:///mytools"}')
    assert "\n# mytools==1.0 is not of the index\n" in lock_in(overlay).content.decode()


def test_search_path_with_a_pipe_is_read(overlay: Venv) -> None:
    os.mkfifo(overlay.packages / "pipe.pth")
    (overlay.packages / "folder.pth").mkdir()
    assert lock_in(overlay).packages == 3


def test_lock_that_does_not_fit_on_the_disk_leaves_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(CannotRun, match="File too large"):
            environment.keep_lock(environment.Lock(b"x" * 100, 1), tmp_path, run="7")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_taken_by_folders_cost_no_descriptor(tmp_path: Path) -> None:
    for name in ("environment.lock", *(f"environment-{number}.lock" for number in range(1, 100))):
        (tmp_path / name).mkdir()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  their number
    assert environment.keep_lock(environment.Lock(b"x", 1), tmp_path, run="7") == "environment-100.lock"
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  their number


def lock_in(overlay: Venv) -> environment.Lock:
    found = environment.lock_of(str(overlay.folder / "bin" / "python"))
    assert found is not None
    return found
