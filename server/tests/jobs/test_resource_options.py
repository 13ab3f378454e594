"""Validation of resource options, and its error texts."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidOptions, InvalidRequest
from user_workspaces.interfaces.job_type import JobParameters
from user_workspaces.interfaces.settings import Parameter
from user_workspaces.interfaces.values import Limits
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.resource_options import check_storable, job_parameters, validate
from user_workspaces.workspaces.models import Workspace

IDENTITY = {name: name for name in ("num_cpus", "memory_mb", "time_limit_min")}


def parameter(name: str = "num_cpus", **fields: object) -> Parameter:
    given: dict[str, object] = {
        "type_name": "int", "minimum": None, "maximum": None, "required": False, "default": None, "aliases": (),
        "raw": {}, **fields,
    }  # fmt: skip
    return Parameter(variable_name=name, **given)  # type: ignore[arg-type]  # fields by name


def problems(options: dict[str, object], *parameters: Parameter) -> list[str]:
    with pytest.raises(InvalidOptions) as caught:
        validate(options, parameters).limits(IDENTITY)
    return caught.value.problems


@pytest.mark.parametrize(
    ("value", "type_name", "word"),
    [("one", "int", "str"), (True, "int", "bool"), (1.5, "int", "float"), (None, "int", "NoneType"),
     ([], "int", "list"), ("1", "float", "str"), (1, "bool", "int"), (1, "str", "int"), ({}, "str", "dict")],
)  # fmt: skip
def test_wrong_type_is_reported(value: object, type_name: str, word: str) -> None:
    message = (
        f"num_cpus: Value '{value}' of type {word} does not match required type {type_name}. "
        "Skipping further validation of parameter num_cpus."
    )
    assert problems({"num_cpus": value}, parameter(type_name=type_name)) == [message]


def test_value_out_of_bounds_is_reported_with_bound() -> None:
    assert problems({"memory_mb": 1}, parameter("memory_mb", minimum=1024.0)) == [
        "memory_mb: Value '1' not above minimum of 1024."
    ]
    assert problems({"time_limit_min": 481}, parameter("time_limit_min", maximum=480.0)) == [
        "time_limit_min: Value '481' above maximum of 480."
    ]
    assert problems({"memory_mb": 2**21}, parameter("memory_mb", maximum=1048576.0)) == [
        "memory_mb: Value '2097152' above maximum of 1048576."
    ]
    assert problems({"x": 0.1}, parameter("x", type_name="float", minimum=0.5)) == [
        "x: Value '0.1' not above minimum of 0.5."
    ]


def test_zero_is_a_valid_bound() -> None:
    assert problems({"x": -1}, parameter("x", minimum=0.0)) == ["x: Value '-1' not above minimum of 0."]
    assert problems({"x": 1}, parameter("x", maximum=0.0)) == ["x: Value '1' above maximum of 0."]


def test_bounds_are_inclusive() -> None:
    assert validate({"num_cpus": 1}, (parameter(minimum=1.0, maximum=1.0),)).values == {"num_cpus": 1}


def test_all_problems_are_reported_at_once() -> None:
    found = problems({"num_cpus": "x"}, parameter(), parameter("memory_mb", required=True))
    assert found[1:] == ["Missing required: memory_mb"]
    assert str(InvalidOptions(found)).startswith("Invalid resource options found: [\"num_cpus: Value 'x'")


def test_unknown_options_are_ignored_and_defaults_applied() -> None:
    values = validate({"other": 1}, (parameter(required=True, default=2), parameter("memory_mb")))
    assert values.values == {"num_cpus": 2}
    assert values.limits(IDENTITY) == Limits(cpus=2)


def test_alias_sets_parameter() -> None:
    given = parameter("time_limit_min", aliases=("time_limit_minutes",))
    assert validate({"time_limit_minutes": 5}, (given,)).limits(IDENTITY).time_limit_seconds == 300
    assert validate({"time_limit_minutes": 5, "time_limit_min": 6}, (given,)).values == {"time_limit_min": 6}


def test_mapping_translates_parameters_to_limits() -> None:
    values = validate({"ram": 2048.5}, (parameter("ram", type_name="float"),))
    assert values.limits({"ram": "memory_mb"}) == Limits(memory_mb=2049)
    assert values.limits({}) == Limits()


@pytest.mark.parametrize("value", [0, -1, 2**31, 10**18])
@pytest.mark.parametrize("name", sorted(IDENTITY))
def test_value_out_of_database_range_is_rejected(name: str, value: int) -> None:
    assert problems({name: value}, parameter(name)) == [f"{name}: Value '{value}' is out of range."]


def nested(depth: int) -> object:
    value: object = 1
    for number in range(depth):
        value = [value] if number % 2 else {"x": value}
    return value


@pytest.mark.parametrize(
    "value", [nested(21), nested(900), ["x" * 70_000], {"a": ["\0"]}, {"\0": 1}, 2**63, {"a": -1e29}, 1e300]
)
def test_value_that_database_cannot_store_is_rejected(value: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^Job details (too large|cannot contain a (NUL|number))"):
        check_storable(value, label="Job details")


@pytest.mark.django_db
@pytest.mark.parametrize("value", [{}, nested(19), {"a": "x" * 60_000}, {"a": [None, 1.5, True, "\\u0000", 2**63 - 1]}])
def test_value_that_database_can_store_is_accepted(
    make_user: Callable[..., User], workspace_of: Callable[..., Workspace], value: object
) -> None:
    check_storable(value, label="Job details")
    workspace = workspace_of(make_user())
    job = Job.objects.create(
        owner=workspace.owner,
        workspace=workspace,
        job_type="t",
        resource="r",
        requested=value,
        datetime_created=timezone.now(),
    )
    job.refresh_from_db()
    assert job.requested == value


class Notebook(JobParameters):
    names: tuple[str, ...] = ()


def test_job_details_are_parsed_and_unknown_ones_ignored() -> None:
    assert job_parameters(Notebook, {"names": ["a"], "other": object}) == Notebook(names=("a",))


def test_wrong_job_details_are_reported() -> None:
    with pytest.raises(InvalidRequest, match=r"^job_details\.names\.0: Input should be a valid string$"):
        job_parameters(Notebook, {"names": [1]})
