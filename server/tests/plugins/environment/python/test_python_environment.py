"""The plug-in of named environments: what it says of itself, without building anything."""

import json
from pathlib import Path

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.values import Health, PluginContext, Preparation, PreparationState
from user_workspaces.plugins.environment.python import PythonEnvironment, PythonEnvironmentOptions


def make(base_dir: Path, details: dict[str, object]) -> PythonEnvironment:
    context = PluginContext("science", base_dir, base_dir / "environment" / "science", base_dir, lambda _token: None)
    options = json.dumps({"environment_details": {"local": details}})
    return PythonEnvironment(context, PythonEnvironmentOptions.model_validate_json(options))


def test_environment_is_offered_where_it_is_set_up(tmp_path: Path) -> None:
    environment = make(tmp_path, {})
    assert (environment.is_on("local"), environment.is_on("cluster")) == (True, False)
    with pytest.raises(InvalidRequest, match="science is not set up on cluster"):
        environment.base("cluster")


def test_other_packages_are_another_environment(tmp_path: Path) -> None:
    folders = {
        make(tmp_path, {"python_packages": packages}).base("local").folder for packages in ([], ["numpy"], ["six"])
    }
    assert len(folders) == 3
    assert {folder.parent for folder in folders if folder} == {tmp_path / "environments"}


def test_modules_are_ready_and_bring_the_base(tmp_path: Path) -> None:
    environment = make(tmp_path, {"module_manager": "lmod", "modules": ["anaconda"]})
    assert environment.prepare("local") == Preparation(PreparationState.READY)
    assert environment.base("local") == Base(None, ("anaconda",))
    assert environment.check() == Health(connected=True)


def test_check_says_that_the_first_launch_waits(tmp_path: Path) -> None:
    assert make(tmp_path, {}).check() == Health(connected=True, message="It is not prepared yet for local.")


def test_check_says_what_cannot_be_had(tmp_path: Path) -> None:
    health = make(tmp_path, {"module_manager": "tar", "tar_file_path": "gone.tar"}).check()
    assert (health.connected, health.message) == (False, "tar_file_path: the archive does not exist.")
