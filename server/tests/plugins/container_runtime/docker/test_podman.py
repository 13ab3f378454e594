"""Podman: the command line as a whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from user_workspaces.interfaces.container_runtime import ContainerRuntime
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.container_runtime.docker.podman import PodmanOptions, PodmanRuntime
from user_workspaces.testing.container_runtime_contract import LOCATIONS, NEEDS, ContainerRuntimeContract


def make_runtime(base: Path, **options: object) -> PodmanRuntime:
    context = PluginContext("podman", base, base, base, lambda _: None)
    return PodmanRuntime(context, PodmanOptions.model_validate(options))


class TestPodmanRuntime(ContainerRuntimeContract):
    @pytest.fixture
    def runtime(self, tmp_path: Path) -> ContainerRuntime:
        return make_runtime(tmp_path)

    def test_argv_as_a_whole(self, runtime: ContainerRuntime) -> None:
        assert runtime.argv(NEEDS, LOCATIONS) == (
            *("podman", "run", "--rm", "--name=reana-{uuid}", "--user=2001:2002"),
            *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
            *("--security-opt=label=disable", "--userns=keep-id"),
            "--volume=/runs/7/work space's $(touch evil):/runs/7/work space's $(touch evil)",
            "--workdir=/runs/7/work space's $(touch evil)",
            "--volume=/runs/7/state/secrets/files:/etc/reana/secrets:ro",
            *("--env=PASSWORD", "--env=REANA_SECRETS_DIR", "--env=REANA_WORKSPACE", "--env=REANA_JOB_UUID"),
            *("--entrypoint=/bin/bash", "docker.io/library/python:3.12-slim", "-c"),
        )
        assert runtime.cleanup() == ("podman", "rm", "--force", "--time=0", "reana-{uuid}")

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("python:3.12", "docker.io/library/python:3.12"),
            ("reanahub/reana-env-root6:6.18.04", "docker.io/reanahub/reana-env-root6:6.18.04"),
            ("registry.example/lab/fit:6", "registry.example/lab/fit:6"),
            ("localhost/mine", "localhost/mine"),
            ("localhost:5000/mine", "localhost:5000/mine"),
        ],
    )
    def test_image_without_a_registry_comes_from_docker_io(
        self, runtime: ContainerRuntime, name: str, expected: str
    ) -> None:
        assert runtime.argv(replace(NEEDS, environment=name), LOCATIONS)[-2] == expected

    def test_options_are_handed_on(self, tmp_path: Path) -> None:
        argv = make_runtime(tmp_path, program="/opt/podman", network="none", limits=True).argv(NEEDS, LOCATIONS)
        assert argv[0] == "/opt/podman"
        assert {"--network=none", "--memory=1073741824b", "--cpus=1.5"} <= set(argv)

    def test_root_has_no_ids_to_keep(self, runtime: ContainerRuntime) -> None:
        assert "--userns=keep-id" not in runtime.argv(NEEDS, replace(LOCATIONS, uid=0, gid=0))

    def test_check_of_a_program_that_is_not_there_is_down(self, tmp_path: Path) -> None:
        health = make_runtime(tmp_path, program="/nonexistent/podman").check()
        assert (health.connected, health.message) == (False, "podman is not installed on the server's machine.")


@pytest.mark.parametrize("options", [{"program": "-x"}, {"network": "host"}, {"limits": 1}, {"pids_limit": 10}])
def test_invalid_options_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        make_runtime(tmp_path, **options)
