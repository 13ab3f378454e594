"""The contract suite of container runtimes: inherit from it and override the fixture `runtime`."""

import json
from dataclasses import replace

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.container_runtime import UUID, ContainerRuntime, RunLocations, StepNeeds
from user_workspaces.interfaces.values import Health

LOCATIONS = RunLocations(
    uid=2001,
    gid=2002,
    workspace="/runs/7/work space's $(touch evil)",
    secret_files="/runs/7/state/secrets/files",  # noqa: S106  a path
    variables=("PASSWORD",),
)
NEEDS = StepNeeds(environment="docker.io/library/python:3.12-slim", memory_bytes=1 << 30, cpus=1.5)
HOSTILE = (
    "--privileged",
    "-v/:/host",
    "python 3",
    "python;id",
    "$(id)",
    "../../etc",
    "/etc/passwd",
    "python:3\n--privileged",
    "a" * 600,
    "",
    "{uuid}",
    "python@sha256:beef",
)
GOOD = (
    "python",
    "python:3.12",
    "docker.io/library/python:3.12-slim",
    "localhost:5000/a/b_c.d-e:t",
    f"a@sha256:{'0' * 64}",
)


class ContainerRuntimeContract:
    """The tests. `gives_environment`: True if the environment is used, and so must be the name of an image."""

    gives_environment = True

    @pytest.fixture
    def runtime(self) -> ContainerRuntime:
        """Return the runtime."""
        raise NotImplementedError

    def test_argv_again_is_the_same(self, runtime: ContainerRuntime) -> None:
        line = runtime.argv(NEEDS, LOCATIONS)
        assert (line, bool(line)) == (runtime.argv(NEEDS, LOCATIONS), True)

    def test_argv_ends_where_a_command_follows(self, runtime: ContainerRuntime) -> None:
        assert runtime.argv(NEEDS, LOCATIONS)[-1] == "-c"

    def test_argv_without_limits_has_no_limit_option(self, runtime: ContainerRuntime) -> None:
        line = runtime.argv(StepNeeds("python:3"), LOCATIONS)
        assert [word for word in line if "None" in word or word.startswith(("--memory", "--cpus"))] == []

    @pytest.mark.parametrize("environment", GOOD)
    def test_valid_image_is_accepted(self, runtime: ContainerRuntime, environment: str) -> None:
        runtime.check_environment(environment)
        line = runtime.argv(StepNeeds(environment), LOCATIONS)
        assert any(word.endswith(environment) for word in line) is self.gives_environment

    @pytest.mark.parametrize("environment", HOSTILE)
    def test_invalid_image_never_gets_into_a_command_line(self, runtime: ContainerRuntime, environment: str) -> None:
        if not self.gives_environment:
            assert runtime.argv(StepNeeds(environment), LOCATIONS) == runtime.argv(NEEDS, LOCATIONS)
            return
        with pytest.raises(InvalidRequest):
            runtime.check_environment(environment)
        with pytest.raises(InvalidRequest):
            runtime.argv(StepNeeds(environment), LOCATIONS)

    @pytest.mark.parametrize("workspace", ["relative", "/a:/etc", "/a,dst=/etc", "/a\nb", "/{uuid}"])
    def test_path_with_a_separator_is_refused(self, runtime: ContainerRuntime, workspace: str) -> None:
        if self.gives_environment:
            with pytest.raises(InvalidRequest):
                runtime.argv(NEEDS, replace(LOCATIONS, workspace=workspace))

    @pytest.mark.parametrize("name", ["A=b", "", "-e", "A B", "1A"])
    def test_invalid_variable_is_refused(self, runtime: ContainerRuntime, name: str) -> None:
        if self.gives_environment:
            with pytest.raises(InvalidRequest):
                runtime.argv(NEEDS, replace(LOCATIONS, variables=(name,)))

    def test_cleanup_names_the_one_container(self, runtime: ContainerRuntime) -> None:
        line = runtime.cleanup()
        assert not line or any(UUID in word for word in line)
        assert not line or any(UUID in word for word in runtime.argv(NEEDS, LOCATIONS))

    def test_runtime_can_be_written_into_a_plan(self, runtime: ContainerRuntime) -> None:
        written = json.loads(json.dumps(runtime.runtime()))
        known = {"name", "argv", "cleanup", "warning", "variable_prefix", "secrets_directory", "uses_images"}
        assert (set(written), bool(written["name"])) == (known, True)

    def test_check_says_how_it_is(self, runtime: ContainerRuntime) -> None:
        health = runtime.check()
        assert isinstance(health, Health)
        assert health.message or health.connected
