"""The fake runtimes fulfil the contract."""

import pytest

from user_workspaces.interfaces.container_runtime import ContainerRuntime
from user_workspaces.testing.container_runtime_contract import ContainerRuntimeContract
from user_workspaces.testing.fake_container_runtime import FakeContainerRuntime, RuntimeThatIsNotThere

pytestmark = pytest.mark.slow


class TestFakeContainerRuntime(ContainerRuntimeContract):
    @pytest.fixture(params=[FakeContainerRuntime, RuntimeThatIsNotThere])
    def runtime(self, request: pytest.FixtureRequest) -> ContainerRuntime:
        kind: type[FakeContainerRuntime] = request.param
        return kind.build("fake")
