"""The Python of an application that runs a user's code: whose packages it sees, and in which order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from user_workspaces.plugins.job_type.web_application.session.interpreter import (
    Known,
    folders_in_order,
    make_interpreter,
)

pytestmark = pytest.mark.slow

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SHOW = "import importlib, sys; print([importlib.import_module(name).WHOSE for name in sys.argv[1:]])"


def environment(folder: Path, *, below: Path | None = None, **modules: str) -> Path:
    """Make a virtual environment with modules that say whose they are; `below`: a folder that it sees as well."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = folder / "lib" / VERSION / "site-packages"
    for name, whose in modules.items():
        (packages / f"{name}.py").write_text(f"WHOSE = {whose!r}\n")
    if below:
        (packages / "below.pth").write_text(f"{below / 'lib' / VERSION / 'site-packages'}\n")
    return folder


def shown(view: Path, *modules: str) -> str:
    done = subprocess.run(
        [view / "bin" / "python", "-I", "-c", SHOW, *modules], check=False, capture_output=True, text=True
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Path]:
    """A base of the site, the user's overlay on it, and an application's own environment."""
    base = environment(tmp_path / "base", only_base="base", all_three="base", base_and_application="base")
    overlay = environment(tmp_path / "overlay", below=base, only_user="user", all_three="user", user_and_base="user")
    application = environment(
        tmp_path / "application", only_application="app", all_three="app", base_and_application="app"
    )
    return {"base": base, "overlay": overlay, "application": application}


def test_packages_of_the_user_precede_those_of_the_application_and_the_base(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", str(made["overlay"] / "bin" / "python"))
    monkeypatch.setenv("VIRTUAL_ENV", str(made["overlay"]))
    for _ in range(2):  # also when it is there already
        make_interpreter(tmp_path / "view", application=str(made["application"]))
    names = ("only_user", "all_three", "user_and_base", "only_application", "base_and_application", "only_base")
    assert shown(tmp_path / "view", *names) == "['user', 'user', 'user', 'app', 'app', 'base']"


def test_without_a_workspace_environment_the_application_environment_is_used(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UWS_WORKSPACE_PYTHON", raising=False)
    make_interpreter(tmp_path / "view", application=str(made["application"]))
    assert shown(tmp_path / "view", "only_application", "all_three") == "['app', 'app']"
    assert shown(tmp_path / "view", "only_user").endswith("No module named 'only_user'")


def test_application_without_packages_uses_the_workspace_environment(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", str(made["overlay"] / "bin" / "python"))
    make_interpreter(tmp_path / "view", application="")
    assert shown(tmp_path / "view", "only_user", "only_base") == "['user', 'base']"


def test_packages_that_were_installed_as_links_are_found(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `pip install --editable` does it."""
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", str(made["overlay"] / "bin" / "python"))
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "linked.py").write_text("WHOSE = 'linked'\n")
    (made["overlay"] / "lib" / VERSION / "site-packages" / "linked.pth").write_text(f"{tmp_path / 'sources'}\n")
    make_interpreter(tmp_path / "view", application=str(made["application"]))
    assert shown(tmp_path / "view", "linked") == "['linked']"


def test_workspace_of_another_python_is_left_out_and_the_log_says_so(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other-python"
    other.write_text('#!/bin/sh\necho \'[[3, 99], "/usr/bin/python3.99", ["/x/site-packages"]]\'\n')
    other.chmod(0o755)
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", str(other))
    make_interpreter(tmp_path / "view", application=str(made["application"]))
    assert shown(tmp_path / "view", "only_application") == "['app']"
    assert "environment has Python 3.99" in capfd.readouterr().err


def test_package_that_prints_at_the_start_hides_no_packages(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", str(made["overlay"] / "bin" / "python"))
    (made["overlay"] / "lib" / VERSION / "site-packages" / "loud.pth").write_text("import os; print('I am here')\n")
    make_interpreter(tmp_path / "view", application=str(made["application"]))
    assert shown(tmp_path / "view", "only_user").endswith("['user']")


@pytest.mark.parametrize("broken", ["/nowhere/python", os.devnull, "/bin/true"])
def test_log_names_a_python_of_the_workspace_that_does_not_work(
    made: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    broken: str,
) -> None:
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", broken)
    make_interpreter(tmp_path / "view", application=str(made["application"]))
    assert f"{broken}, does not work" in capfd.readouterr().err


@pytest.mark.parametrize("broken", ["/nowhere/python", "", os.devnull])
def test_broken_environment_of_the_workspace_does_not_keep_the_application_from_starting(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setenv("UWS_WORKSPACE_PYTHON", broken)
    make_interpreter(tmp_path / "view", application=str(made["application"]))
    assert shown(tmp_path / "view", "only_application") == "['app']"


def test_folder_that_is_named_twice_is_there_once() -> None:
    workspace = Known((3, 11), "/p", ("/overlay/lib/site-packages", "/layer/site-packages", "/base/site-packages"))
    own = Known((3, 11), "/p", ("/app/site-packages", "/base/site-packages"))
    assert folders_in_order(workspace, own, overlay="/overlay") == [
        "/overlay/lib/site-packages", "/app/site-packages", "/base/site-packages", "/layer/site-packages",
    ]  # fmt: skip
