"""The package is built with the front end for JupyterLab, or fails; it needs no Node."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LEFT_BEHIND = shutil.ignore_patterns("node_modules", "labextension", "__pycache__", "lib", ".yarn", ".*_cache", "dist")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path / "reana", ignore=LEFT_BEHIND))


def build(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    # An empty PATH: there is no Node.
    settings = {**os.environ, "PATH": "", **environment}
    return subprocess.run(command, cwd=project, env=settings, capture_output=True, text=True, check=False)


def names(project: Path) -> set[str]:
    (wheel,) = (project / "dist").glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_package_without_the_front_end_fails(project: Path) -> None:
    built = build(project)
    assert (built.returncode, "The front end has not been built" in built.stderr + built.stdout) == (1, True)
    assert not list(project.glob("dist/*.whl"))


def test_server_part_alone_needs_an_explicit_setting(project: Path) -> None:
    assert build(project, REANA_JUPYTERLAB_SKIP_FRONT_END="1").returncode == 0
    assert not any("labextension" in name for name in names(project))


def test_front_end_is_installed_for_jupyterlab(project: Path) -> None:
    built = project / "reana_jupyterlab" / "labextension"
    (built / "static").mkdir(parents=True)
    (built / "package.json").write_text("{}", encoding="utf-8")
    (built / "static/remoteEntry.js").write_text("", encoding="utf-8")
    assert build(project).returncode == 0
    found = names(project)
    data = next(name.partition("/")[0] for name in found if ".data/" in name)
    assert {
        f"{data}/data/share/jupyter/labextensions/reana-jupyterlab/package.json",
        f"{data}/data/share/jupyter/labextensions/reana-jupyterlab/static/remoteEntry.js",
        f"{data}/data/share/jupyter/labextensions/reana-jupyterlab/install.json",
        f"{data}/data/etc/jupyter/jupyter_server_config.d/reana_jupyterlab.json",
    } <= found
    assert not any("/tests/" in name for name in found)
