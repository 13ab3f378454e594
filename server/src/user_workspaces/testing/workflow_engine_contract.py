"""The contract suite of workflow engines: inherit from it and override both fixtures."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Health
from user_workspaces.interfaces.workflow_engine import Plan, WorkflowEngine
from user_workspaces.interfaces.workflow_specification import Specification

NO_SUCH_NAME = "no such name"


class WorkflowEngineContract:
    """The tests."""

    @pytest.fixture
    def engine(self) -> WorkflowEngine:
        """Return the engine."""
        raise NotImplementedError

    @pytest.fixture
    def specification(self) -> Specification:
        """Return a workflow that this engine runs."""
        raise NotImplementedError

    @pytest.fixture
    def plan(self, engine: WorkflowEngine, specification: Specification) -> Plan:
        """Return the plan of a start without parameters and options."""
        return engine.plan(specification, parameters={}, options={})

    def test_plan_has_a_step(self, plan: Plan) -> None:
        assert plan.steps

    def test_plan_again_is_the_same(self, engine: WorkflowEngine, specification: Specification, plan: Plan) -> None:
        with ThreadPoolExecutor(4) as threads:
            plans = list(threads.map(lambda _: engine.plan(specification, parameters={}, options={}), range(8)))
        assert plans == [plan] * 8

    def test_names_of_steps_are_there_and_differ(self, plan: Plan) -> None:
        names = [step.name for step in plan.steps]
        assert all(names)
        assert len(set(names)) == len(names)

    def test_each_step_has_commands_that_a_shell_can_get(self, plan: Plan) -> None:
        assert all(step.commands for step in plan.steps)
        assert [command for step in plan.steps for command in step.commands if not command or "\0" in command] == []

    def test_environments_are_no_options_of_a_program(self, plan: Plan) -> None:
        assert [step.environment for step in plan.steps if step.environment.startswith("-")] == []

    def test_limits_are_above_nothing(self, plan: Plan) -> None:
        limits = [(step.memory_bytes, step.cpus, step.time_limit_seconds) for step in plan.steps]
        assert [limit for three in limits for limit in three if limit is not None and limit <= 0] == []

    def test_plan_as_text_and_back_is_the_same(self, plan: Plan) -> None:
        assert Plan.from_json(plan.to_json()) == plan

    def test_parameter_that_is_not_declared_is_refused(
        self, engine: WorkflowEngine, specification: Specification
    ) -> None:
        with pytest.raises(InvalidRequest, match=NO_SUCH_NAME):
            engine.plan(specification, parameters={NO_SUCH_NAME: 1}, options={})

    def test_option_that_is_not_known_is_refused(self, engine: WorkflowEngine, specification: Specification) -> None:
        with pytest.raises(InvalidRequest, match=NO_SUCH_NAME):
            engine.plan(specification, parameters={}, options={NO_SUCH_NAME: "1"})

    def test_check_says_how_it_is(self, engine: WorkflowEngine) -> None:
        health = engine.check()
        assert isinstance(health, Health)
        assert health.message or health.connected
