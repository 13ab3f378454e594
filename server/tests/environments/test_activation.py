"""The activation of environments, with real shells and interpreters."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from user_workspaces.environments.activation import activate
from user_workspaces.interfaces.environment import Base, WorkspaceEnvironment
from user_workspaces.interfaces.values import JobScript

pytestmark = pytest.mark.slow

SHOW = 'printf "%s\\n" "$PATH" "$UWS_SYSTEM_PATH" "$UWS_SITE_PATH" "${UWS_WORKSPACE_PYTHON:-}" "${VIRTUAL_ENV:-}"\n'
SYSTEM = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An environment of this Python without packages."""
    folder = tmp_path / "base"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def run(script: JobScript, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    for file in script.files:
        (folder / file.path).write_bytes(file.content)
    environment = {"PATH": SYSTEM, "HOME": str(folder), **variables}
    return subprocess.run(
        ["bash", "-c", script.text], env=environment, capture_output=True, text=True, check=False, cwd=folder
    )


def shown(environment: WorkspaceEnvironment, folder: Path, **variables: str) -> list[str]:
    ended = run(activate(JobScript(SHOW), environment, job_directory=folder), folder, **variables)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def version() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def test_script_without_an_environment_is_unchanged(tmp_path: Path) -> None:
    assert activate(JobScript("true\n"), None, job_directory=tmp_path) == JobScript("true\n")


def test_overlay_comes_first_then_layers_then_the_base(base: Path, tmp_path: Path) -> None:
    overlay, layer = tmp_path / "w" / ".environment" / "base", tmp_path / "layer"
    path, system, site, python, virtual = shown(WorkspaceEnvironment(Base(base), overlay, (layer,)), tmp_path / "job")
    here = overlay / version()
    assert path == f"{here}/bin:{layer}/bin:{base}/bin:{SYSTEM}"
    assert (system, site, python, virtual) == (SYSTEM, SYSTEM, f"{here}/bin/python", str(here))


def test_layer_path_with_shell_syntax_runs_no_code(base: Path, tmp_path: Path) -> None:
    layer = tmp_path / "my data" / "$(touch ran)\"'"
    environment = WorkspaceEnvironment(Base(base), None, (layer,))
    script = activate(JobScript('printf "%s\\n" "$PATH" "$JUPYTER_PATH"'), environment, job_directory=tmp_path)
    assert run(script, tmp_path, JUPYTER_PATH="/j").stdout.splitlines() == [
        f"{layer}/bin:{base}/bin:{SYSTEM}",
        f"{layer}/share/jupyter:{base}/share/jupyter:/j",
    ]
    assert not (tmp_path / "ran").exists()


def test_environment_without_an_overlay_is_the_base(base: Path, tmp_path: Path) -> None:
    path, _, _, python, virtual = shown(WorkspaceEnvironment(Base(base), None), tmp_path / "job")
    assert (path, python, virtual) == (f"{base}/bin:{SYSTEM}", f"{base}/bin/python", "")


def test_packages_are_found_in_overlay_then_layer_then_base(base: Path, tmp_path: Path) -> None:
    overlay, layer = tmp_path / "w" / "base", tmp_path / "layer"
    environment = WorkspaceEnvironment(Base(base), overlay, (layer,))
    shown(environment, tmp_path / "job")
    folders = [overlay / version(), layer, base]
    for number, folder in enumerate(folders):
        packages = folder / "lib" / version() / "site-packages"
        packages.mkdir(parents=True, exist_ok=True)
        for name in "abc"[: number + 1]:
            (packages / f"mod_{name}.py").write_text(f"PLACE = {number}")
    code = "import mod_a, mod_b, mod_c; print(mod_a.PLACE, mod_b.PLACE, mod_c.PLACE)"
    script = activate(JobScript(f"python -c '{code}'"), environment, job_directory=tmp_path / "job")
    assert run(script, tmp_path / "job").stdout == "0 1 2\n"


def test_existing_overlay_uses_changed_layers(base: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "w" / "base"
    for layers in ((tmp_path / "old",), (tmp_path / "new",), ()):
        shown(WorkspaceEnvironment(Base(base), overlay, layers), tmp_path / "job")
        named = (overlay / version() / "lib" / version() / "site-packages" / "_base.pth").read_text()
        assert [line for line in named.splitlines() if str(base) not in line] == [
            f"{layer}/lib/{version()}/site-packages" for layer in layers
        ]


def test_undecodable_package_list_is_rewritten(base: Path, tmp_path: Path) -> None:
    environment = WorkspaceEnvironment(Base(base), tmp_path / "w" / "base")
    shown(environment, tmp_path / "job")
    packages = tmp_path / "w" / "base" / version() / "lib" / version() / "site-packages" / "_base.pth"
    before = packages.read_text()
    packages.write_bytes(b"\xff\xfe\n")
    assert shown(environment, tmp_path / "job")[3] == f"{tmp_path}/w/base/{version()}/bin/python"
    assert packages.read_text() == before


@pytest.mark.parametrize("missing", ["lib", "bin/python", "bin", "pyvenv.cfg"])
def test_incomplete_overlay_is_completed(base: Path, tmp_path: Path, missing: str) -> None:
    environment = WorkspaceEnvironment(Base(base), tmp_path / "w" / "base")
    shown(environment, tmp_path / "job")
    here = tmp_path / "w" / "base" / version()
    subprocess.run(["rm", "-r", here / missing], check=True)
    (here / "lib" / version() / "site-packages" / "_base.pth").unlink(missing_ok=True)
    shown(environment, tmp_path / "job")
    code = "import sys; print(sys.prefix != sys.base_prefix)"
    printed = subprocess.run([here / "bin" / "python", "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "True\n"


def test_simultaneous_jobs_create_one_overlay(base: Path, tmp_path: Path) -> None:
    environment = WorkspaceEnvironment(Base(base), tmp_path / "w" / "base")
    script = activate(JobScript(SHOW), environment, job_directory=tmp_path)
    for file in script.files:
        (tmp_path / file.path).write_bytes(file.content)
    jobs = [
        subprocess.Popen(["bash", "-c", script.text], env={"PATH": SYSTEM}, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    printed = {job.communicate()[0] for job in jobs}
    assert len(printed) == 1
    assert str(tmp_path / "w" / "base" / version()) in printed.pop()


def test_program_that_the_user_installed_is_kept(base: Path, tmp_path: Path) -> None:
    environment = WorkspaceEnvironment(Base(base), tmp_path / "w" / "base")
    shown(environment, tmp_path / "job")
    here = tmp_path / "w" / "base" / version()
    (here / "bin" / "jupyter").write_text("mine")
    (here / "lib" / version() / "site-packages" / "_base.pth").unlink()
    shown(environment, tmp_path / "job")
    assert (here / "bin" / "jupyter").read_text() == "mine"


def test_modules_are_loaded_once_in_order_and_provide_the_base(base: Path, tmp_path: Path) -> None:
    (tmp_path / "modules.sh").write_text(f'module() {{ echo "$*" >&2; PATH="{base}/bin:$PATH"; }}\n')
    script = activate(
        JobScript(SHOW), WorkspaceEnvironment(Base(None, ("gcc/13", "py/3")), tmp_path / "w"), job_directory=tmp_path
    )
    (tmp_path / "python3").symlink_to(base / "bin" / "python")
    ended = run(script, tmp_path, BASH_ENV=str(tmp_path / "modules.sh"))
    assert ended.stderr.splitlines() == ["load gcc/13", "load py/3"]
    assert ended.stdout.splitlines()[3] == f"{tmp_path}/w/{version()}/bin/python"


def test_modules_of_the_job_are_loaded_before_those_of_the_environment_and_come_after_the_overlay(
    base: Path, tmp_path: Path
) -> None:
    (tmp_path / "modules.sh").write_text('module() { echo "$*" >&2; PATH="/opt/$2:$PATH"; }\n')
    environment = WorkspaceEnvironment(Base(base, ("gcc/13", "lab/4")), tmp_path / "w")
    script = activate(JobScript(SHOW, modules=("py/3", "lab/4")), environment, job_directory=tmp_path)
    ended = run(script, tmp_path, BASH_ENV=str(tmp_path / "modules.sh"))
    assert ended.stderr.splitlines() == ["load py/3", "load lab/4", "load gcc/13"]
    path, _, site, *_ = ended.stdout.splitlines()
    assert site == f"/opt/gcc/13:/opt/lab/4:/opt/py/3:{SYSTEM}"
    assert path == f"{tmp_path}/w/{version()}/bin:{base}/bin:{site}"


def test_modules_of_a_job_without_an_environment_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "modules.sh").write_text('module() { echo "$*"; }\n')
    script = activate(JobScript("echo started\n", modules=("py/3",)), None, job_directory=tmp_path)
    assert run(script, tmp_path, BASH_ENV=str(tmp_path / "modules.sh")).stdout == "load py/3\nstarted\n"


def test_missing_module_ends_the_job(tmp_path: Path) -> None:
    (tmp_path / "modules.sh").write_text("module() { return 1; }\n")
    script = activate(JobScript(SHOW), WorkspaceEnvironment(Base(None, ("gone",)), None), job_directory=tmp_path)
    assert run(script, tmp_path, BASH_ENV=str(tmp_path / "modules.sh")).returncode == 1


def test_full_disk_falls_back_to_the_base_with_a_message(base: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "w" / "base"
    overlay.mkdir(parents=True)
    script = activate(JobScript(SHOW), WorkspaceEnvironment(Base(base), overlay), job_directory=tmp_path / "job")
    limited = JobScript("ulimit -f 0; trap '' XFSZ\n" + script.text, script.files)  # no file may have any content
    ended = run(limited, tmp_path / "job")
    assert "cannot be used (File too large)" in ended.stderr
    assert ended.stdout.splitlines()[3] == f"{base}/bin/python"


def test_conda_environment_is_between_the_overlay_and_the_base(base: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "w" / ".environment" / "base"
    conda = tmp_path / "w" / ".environment" / "conda" / "bin"
    conda.mkdir(parents=True)
    path = shown(WorkspaceEnvironment(Base(base), overlay), tmp_path / "job")[0]
    assert path == f"{overlay / version()}/bin:{conda}:{base}/bin:{SYSTEM}"


def test_jupyter_folders_of_the_user_are_not_in_the_site_path(base: Path, tmp_path: Path) -> None:
    overlay, layer = tmp_path / "w" / ".environment" / "base", tmp_path / "layer"
    conda = tmp_path / "w" / ".environment" / "conda"
    (conda / "bin").mkdir(parents=True)
    environment = WorkspaceEnvironment(Base(base), overlay, (layer,))
    script = JobScript('printf "%s\\n" "$UWS_SITE_JUPYTER_PATH" "$JUPYTER_PATH"')
    ended = run(activate(script, environment, job_directory=tmp_path), tmp_path, JUPYTER_PATH="/opt/jupyter")
    site = f"{base}/share/jupyter:/opt/jupyter"
    own = ":".join(f"{folder}/share/jupyter" for folder in (overlay / version(), conda, layer))
    assert ended.stdout.splitlines() == [site, f"{own}:{site}"]


@pytest.mark.skipif(shutil.which("R", path=SYSTEM) is None, reason="needs R")
def test_packages_of_r_go_to_the_workspace(base: Path, tmp_path: Path) -> None:
    environment = WorkspaceEnvironment(Base(base), tmp_path / "w" / ".environment" / "base")
    script = activate(JobScript("Rscript -e 'cat(.libPaths()[1])'"), environment, job_directory=tmp_path / "job")
    library = run(script, tmp_path / "job").stdout
    assert Path(library).parent == tmp_path / "w" / ".environment" / "R"
