"""Apptainer: the command line as a whole."""

from pathlib import Path

import pytest

from user_workspaces.interfaces.container_runtime import ContainerRuntime
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.container_runtime.apptainer import ApptainerOptions, ApptainerRuntime
from user_workspaces.testing.container_runtime_contract import LOCATIONS, NEEDS, ContainerRuntimeContract


def make_runtime(base: Path, **options: object) -> ApptainerRuntime:
    context = PluginContext("apptainer", base, base, base, lambda _: None)
    return ApptainerRuntime(context, ApptainerOptions.model_validate(options))


class TestApptainerRuntime(ContainerRuntimeContract):
    @pytest.fixture
    def runtime(self, tmp_path: Path) -> ContainerRuntime:
        return make_runtime(tmp_path)

    @pytest.mark.parametrize("limits", [True, False])
    def test_argv_as_a_whole(self, tmp_path: Path, *, limits: bool) -> None:
        assert make_runtime(tmp_path, limits=limits).argv(NEEDS, LOCATIONS) == (
            *("apptainer", "--silent", "exec", "--containall"),
            "--bind=/runs/7/work space's $(touch evil)",
            "--pwd=/runs/7/work space's $(touch evil)",
            "--bind=/runs/7/state/secrets/files:/etc/reana/secrets:ro",
            *(("--memory=1073741824", "--cpus=1.5") if limits else ()),
            *("docker://docker.io/library/python:3.12-slim", "/bin/bash", "-c"),
        )

    def test_check_of_a_program_that_is_not_there_is_down(self, tmp_path: Path) -> None:
        assert not make_runtime(tmp_path, program="/nonexistent/apptainer").check().connected
