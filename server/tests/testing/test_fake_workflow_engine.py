"""The fake engine fulfils the contract."""

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.workflow_engine import WorkflowEngine
from user_workspaces.interfaces.workflow_specification import Specification
from user_workspaces.testing.fake_workflow_engine import EngineOfOneStep, EngineThatRefuses
from user_workspaces.testing.workflow_engine_contract import WorkflowEngineContract

SPECIFICATION = Specification("any", "{}")


class TestEngineOfOneStep(WorkflowEngineContract):
    @pytest.fixture
    def engine(self) -> WorkflowEngine:
        return EngineOfOneStep.build("any")

    @pytest.fixture
    def specification(self) -> Specification:
        return SPECIFICATION


def test_failing_engine_fails() -> None:
    with pytest.raises(InvalidRequest, match="accepts no specification"):
        EngineThatRefuses.build("any").plan(SPECIFICATION, parameters={}, options={})
