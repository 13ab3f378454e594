"""Serial workflows: which steps run, under which names, with which commands."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.budget import budget
from user_workspaces.errors import InvalidRequest, TooLarge
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.interfaces.workflow_engine import Plan, Step, WorkflowEngine
from user_workspaces.interfaces.workflow_specification import Json, Specification
from user_workspaces.plugins.workflow_engine.serial import SerialEngine
from user_workspaces.plugins.workflow_engine.serial.engine import SerialOptions
from user_workspaces.testing.workflow_engine_contract import WorkflowEngineContract
from user_workspaces.workflows.specification import read_json

NOWHERE = Path("/nonexistent")
IMAGE = "docker.io/library/busybox:1"


def make_engine() -> SerialEngine:
    return SerialEngine(PluginContext("serial", NOWHERE, NOWHERE, NOWHERE, lambda _: None), SerialOptions())


def step(name: str | None = None, *commands: str, **more: object) -> dict[str, object]:
    named = {} if name is None else {"name": name}
    return {"environment": IMAGE, "commands": list(commands) or ["true"], **named, **more}


def specification(*steps: dict[str, object], **inputs: object) -> Specification:
    document = {"inputs": inputs, "workflow": {"type": "serial", "specification": {"steps": list(steps)}}}
    return read_json(document).required()


def plan(found: Specification, options: dict[str, Json] | None = None, **parameters: Json) -> Plan:
    return make_engine().plan(found, parameters=parameters, options=options or {})


def names(found: Plan) -> list[str]:
    return [one.name for one in found.steps]


def error_of(found: Specification, options: dict[str, Json] | None = None, **parameters: Json) -> str:
    with pytest.raises(InvalidRequest) as caught:
        plan(found, options, **parameters)
    return caught.value.message


THREE = specification(step("gendata"), step("fitdata"), step("plot"))


class TestSerialEngine(WorkflowEngineContract):
    @pytest.fixture
    def engine(self) -> WorkflowEngine:
        return make_engine()

    @pytest.fixture
    def specification(self) -> Specification:
        again = step("fit", "fit ${n} > fit.txt", "tail fit.txt", kubernetes_memory_limit="1Gi")
        return specification(again, step(None, "cat fit.txt"), again, parameters={"n": 5})


def test_step_is_planned_with_all_its_fields() -> None:
    limits: dict[str, Any] = {
        "kubernetes_memory_limit": "256Mi",
        "kubernetes_cpu_request": "1",
        "kubernetes_cpu_limit": "1500m",
        "kubernetes_job_timeout": 60,
    }
    (found,) = plan(specification(step("fit", "a", "b", compute_backend="slurm", **limits))).steps
    assert found == Step("fit", IMAGE, ("a", "b"), 256 * 1024**2, 1.5, 60, "slurm")
    (bare,) = plan(specification(step("fit"))).steps
    assert bare == Step("fit", IMAGE, ("true",), None, None, None, "")


def test_cpus_that_are_asked_for_count_where_no_limit_is_set() -> None:
    assert plan(specification(step("x", kubernetes_cpu_request="0.5"))).steps[0].cpus == 0.5


# Parameters.


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("echo ${n}", "echo 5"),
        ("echo $n $n", "echo 5 5"),
        ("echo ${n}0", "echo 50"),
        ("echo $$HOME $$$$", "echo $HOME $$"),
        ("echo $$(date) $$1 ${name}", "echo $(date) $1 a b"),
        ("echo $${n}", "echo ${n}"),
        ("echo ${yes} ${none} ${half} ${several}", "echo True None 0.5 [1, 'x']"),
        ("echo ${again}", "echo ${n}"),
    ],
)
def test_parameters_are_put_in_their_places(command: str, expected: str) -> None:
    values = {"n": 5, "name": "a b", "yes": True, "none": None, "half": 0.5, "several": [1, "x"], "again": "${n}"}
    assert plan(specification(step("x", command), parameters=values)).steps[0].commands == (expected,)


def test_start_overrides_parameters() -> None:
    found = specification(step("x", "echo ${a} ${b}"), parameters={"a": 1, "b": 2})
    assert plan(found, a="7 8").steps[0].commands == ("echo 7 8 2",)
    assert plan(found).steps[0].commands == ("echo 1 2",)


def test_undeclared_value_is_refused() -> None:
    found = specification(step("x", "echo ${a}"), parameters={"a": 1, "b": 2})
    assert error_of(found, c=1) == "'c' is not a parameter of this workflow, which has: a, b."
    assert error_of(THREE, c=1) == "'c' is not a parameter of this workflow, which has: none."


@pytest.mark.parametrize("value", ["a\0b", "\ud800", 10**5000], ids=["nul", "half", "digits"])
def test_value_with_a_nul_is_refused(value: Json) -> None:
    found = specification(step("x", "echo ${a}"), parameters={"a": 1})
    assert error_of(found, a=value) == "The parameter 'a' has a value that commands cannot contain."


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo ${x}", "Step 'fit' uses an unknown parameter: 'x'."),
        ("$(x)", "Step 'fit': write $$ for a dollar sign"),
    ],
)
def test_unvalidated_specification_is_refused_too(command: str, reason: str) -> None:
    checked = specification(step("fit", "true"))
    (first,) = checked.steps
    unchecked = Specification("serial", checked.source, steps=(type(first)(IMAGE, (command,), "fit"),))
    assert error_of(unchecked).startswith(reason)


def test_commands_that_would_grow_too_long_are_refused_before_they_do() -> None:
    found = specification(step("x", "${a}" * budget(20_000, full=250_000)), parameters={"a": ""})
    with pytest.raises(TooLarge, match="exceed 2097152 characters"):
        plan(found, a="x" * 1_000_000)


def test_expanded_command_is_quoted_for_the_shell() -> None:
    found = plan(specification(step("x", 'for i in 1 2; do echo "$$i ${word}"; done'), parameters={"word": "hello"}))
    ran = subprocess.run(["bash", "-c", found.steps[0].commands[0]], capture_output=True, text=True, check=True)
    assert ran.stdout == "1 hello\n2 hello\n"


# Names, and the steps that run.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        ([None, None], ["step-1", "step-2"]),
        (["", "x", None], ["step-1", "x", "step-3"]),
        (["a", "a", "a"], ["a", "a-2", "a-3"]),
        (["a", "a", "a-2"], ["a", "a-3", "a-2"]),
        (["step-2", None], ["step-2", "step-2-2"]),
        ([None, "step-1"], ["step-1-2", "step-1"]),
    ],
)
def test_each_step_has_a_name_of_its_own(given: list[str | None], expected: list[str]) -> None:
    assert names(plan(specification(*(step(name) for name in given)))) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["gendata", "fitdata", "plot"]),
        ({"FROM": "gendata"}, ["gendata", "fitdata", "plot"]),
        ({"FROM": "fitdata"}, ["fitdata", "plot"]),
        ({"TARGET": "fitdata"}, ["gendata", "fitdata"]),
        ({"FROM": "fitdata", "TARGET": "fitdata"}, ["fitdata"]),
        ({"FROM": "plot", "CACHE": "off"}, ["plot"]),
        ({"CACHE": "ON"}, ["gendata", "fitdata", "plot"]),
        ({"CACHE": False}, ["gendata", "fitdata", "plot"]),
    ],
)
def test_options_say_which_steps_run(options: dict[str, Json], expected: list[str]) -> None:
    assert names(plan(THREE, options)) == expected


def test_options_of_a_start_count_more_than_those_of_the_specification() -> None:
    found = specification(step("a"), step("b"), step("c"), options={"TARGET": "b"})
    assert names(plan(found)) == ["a", "b"]
    assert names(plan(found, {"TARGET": "c", "FROM": "b"})) == ["b", "c"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"FROM": "x"}, "The operational option FROM must name a step (gendata, fitdata, plot), not 'x'."),
        (
            {"TARGET": "x" * 99},
            f"The operational option TARGET must name a step (gendata, fitdata, plot), not '{'x' * 60}'.",
        ),
        ({"TARGET": 2}, "The operational option TARGET must name a step (gendata, fitdata, plot), not int."),
        ({"FROM": None}, "The operational option FROM must name a step (gendata, fitdata, plot), not NoneType."),
        ({"FROM": "plot", "TARGET": "gendata"}, "FROM 'plot' comes after TARGET 'gendata', so no step would run."),
        ({"CACHE": "maybe"}, "The operational option CACHE must be on or off."),
        ({"from": "plot"}, "'from' is not an operational option of serial workflows: CACHE, FROM, TARGET."),
        ({"toplevel": "x"}, "'toplevel' is not an operational option of serial workflows: CACHE, FROM, TARGET."),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Json], reason: str) -> None:
    assert error_of(THREE, options).startswith(reason)


def test_workflow_of_another_type_is_refused() -> None:
    found = read_json({"workflow": {"type": "cwl", "file": "main.cwl"}}).required()
    assert error_of(found) == "This is not a serial workflow with steps."


def test_ten_thousand_steps_of_one_name_are_named_in_one_go() -> None:
    found = specification(*[step("a")] * 5000)
    assert names(plan(found))[-1] == "a-5000"
