"""Fingerprints and build steps of environments."""

import os
import re
from functools import partial
from pathlib import Path

import pytest

from user_workspaces.environment_store.interpreter import Interpreter
from user_workspaces.environment_store.options import EnvironmentDetails
from user_workspaces.environment_store.recipes import Contents, locked, tar_recipe, virtualenv_recipe
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.plugins.job_type.jupyter_lab.contents import LOCK, TRIAL

DEBIAN = Interpreter(Path("/usr/bin/python3.11"), "3.11")
OTHER = Interpreter(Path("/opt/bin/python3.11"), "3.11")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "a-1-py3-none-any.whl"
    path.write_bytes(b"one")
    return path


def make(
    tmp_path: Path, details: str = "{}", interpreter: Interpreter = DEBIAN, *, wheel: Path | None = None
) -> Recipe:
    return virtualenv_recipe(
        EnvironmentDetails.model_validate_json(details),
        interpreter=interpreter,
        base_dir=tmp_path,
        environments=EnvironmentStore(tmp_path / "environments"),
        contents=Contents(LOCK, TRIAL, wheel=wheel),
    )


def test_lock_has_a_hash_for_every_package() -> None:
    blocks = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", LOCK.read_text(), flags=re.MULTILINE).strip())
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == locked(LOCK).number


def test_lock_holds_no_address() -> None:
    assert re.findall(r"https?:|://|--(?:extra-)?index|--find-links", LOCK.read_text()) == []


def test_lock_holds_jupyterlab_and_its_kernel() -> None:
    names = re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE)
    assert {"jupyterlab", "ipykernel"} <= set(names)


def test_fingerprint_is_reproducible(tmp_path: Path) -> None:
    assert make(tmp_path) == make(tmp_path)


@pytest.mark.parametrize("details", ['{"time_limit": 5}', '{"modules": ["gcc"]}', '{"environment_name": "Lab"}'])
def test_fingerprint_ignores_options_without_effect_on_files(tmp_path: Path, details: str) -> None:
    assert make(tmp_path, details).fingerprint == make(tmp_path).fingerprint


@pytest.mark.parametrize("details", ['{"python_packages": ["numpy"]}', '{"python_packages": ["numpy", "scipy"]}'])
def test_fingerprint_depends_on_packages(tmp_path: Path, details: str) -> None:
    assert make(tmp_path, details).fingerprint != make(tmp_path).fingerprint


def test_fingerprint_depends_on_the_interpreter(tmp_path: Path) -> None:
    assert make(tmp_path, interpreter=OTHER).fingerprint != make(tmp_path).fingerprint


def test_fingerprint_of_a_wheel_changes_with_the_file(tmp_path: Path, wheel: Path) -> None:
    details = f'{{"python_packages": ["./{wheel.name}"]}}'
    before = make(tmp_path, details)
    wheel.write_bytes(b"three")
    assert make(tmp_path, details).fingerprint != before.fingerprint


def test_wheel_is_installed_by_its_absolute_path(tmp_path: Path, wheel: Path) -> None:
    recipe = make(tmp_path, f'{{"python_packages": ["./{wheel.name}", "numpy"]}}')
    assert recipe.first[-1].command[-3:] == ("--", str(wheel), "numpy")
    assert recipe.first[-1].message == "installing 2 of the site's packages"


@pytest.mark.parametrize("details", ["{}", '{"python_packages": ["numpy"]}'])
def test_packages_are_copied_checked_and_compiled_once(tmp_path: Path, details: str) -> None:
    installs = [step.command for step in make(tmp_path, details).first if "install" in step.command]
    assert [command for command in installs if "copy" not in command] == []
    assert ["--require-hashes" in command for command in installs] == [True, False][: len(installs)]
    assert ["--compile-bytecode" in command for command in installs] == [False, True][-len(installs) :]


def test_archive_is_named_by_its_file(tmp_path: Path) -> None:
    details = EnvironmentDetails.model_validate_json('{"module_manager": "tar", "tar_file_path": "lab.tar"}')
    environments, archive = EnvironmentStore(tmp_path / "environments"), tmp_path / "lab.tar"
    archive.write_bytes(b"one")
    make_it = partial(tar_recipe, details, base_dir=tmp_path, environments=environments, contents=Contents(LOCK, TRIAL))
    before = make_it()
    assert before == make_it()
    os.utime(archive, ns=(1, 1))
    assert before.fingerprint != make_it().fingerprint
