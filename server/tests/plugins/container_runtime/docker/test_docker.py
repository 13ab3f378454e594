"""Docker: the command line as a whole."""

from pathlib import Path

import pytest

from user_workspaces.interfaces.container_runtime import ContainerRuntime
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.container_runtime.docker import DockerOptions, DockerRuntime
from user_workspaces.testing.container_runtime_contract import LOCATIONS, NEEDS, ContainerRuntimeContract


def make_runtime(base: Path, **options: object) -> DockerRuntime:
    context = PluginContext("docker", base, base, base, lambda _: None)
    return DockerRuntime(context, DockerOptions.model_validate(options))


class TestDockerRuntime(ContainerRuntimeContract):
    @pytest.fixture
    def runtime(self, tmp_path: Path) -> ContainerRuntime:
        return make_runtime(tmp_path)

    def test_argv_as_a_whole(self, runtime: ContainerRuntime) -> None:
        assert runtime.argv(NEEDS, LOCATIONS) == (
            *("docker", "run", "--rm", "--name=reana-{uuid}", "--user=2001:2002"),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges", "--init", "--pids-limit=4096"),
            *("--network=bridge", "--memory=1073741824b", "--cpus=1.5"),
            "--volume=/runs/7/work space's $(touch evil):/runs/7/work space's $(touch evil)",
            "--workdir=/runs/7/work space's $(touch evil)",
            "--volume=/runs/7/state/secrets/files:/etc/reana/secrets:ro",
            *("--env=PASSWORD", "--env=REANA_SECRETS_DIR", "--env=REANA_WORKSPACE", "--env=REANA_JOB_UUID"),
            *("--entrypoint=/bin/bash", "docker.io/library/python:3.12-slim", "-c"),
        )
        assert runtime.cleanup() == ("docker", "rm", "--force", "reana-{uuid}")

    def test_check_of_a_program_that_is_not_there_is_down(self, tmp_path: Path) -> None:
        assert not make_runtime(tmp_path, program="/nonexistent/docker").check().connected


@pytest.mark.parametrize("options", [{"program": "-x"}, {"network": "host"}, {"pids_limit": 0}, {"unknown": 1}])
def test_invalid_options_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        make_runtime(tmp_path, **options)
