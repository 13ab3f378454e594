"""No containers."""

from pathlib import Path

import pytest

from user_workspaces.interfaces.container_runtime import ContainerRuntime
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.container_runtime.none import NoContainerOptions, NoContainerRuntime
from user_workspaces.testing.container_runtime_contract import LOCATIONS, NEEDS, ContainerRuntimeContract


class TestNoContainerRuntime(ContainerRuntimeContract):
    gives_environment = False

    @pytest.fixture
    def runtime(self, tmp_path: Path) -> ContainerRuntime:
        context = PluginContext("none", tmp_path, tmp_path, tmp_path, lambda _: None)
        return NoContainerRuntime(context, NoContainerOptions())

    def test_argv_is_the_shell_and_the_warning_is_loud(self, runtime: ContainerRuntime) -> None:
        assert runtime.argv(NEEDS, LOCATIONS) == ("/bin/bash", "-c")
        assert runtime.warning.startswith("NO CONTAINER RUNTIME IS CONFIGURED")
