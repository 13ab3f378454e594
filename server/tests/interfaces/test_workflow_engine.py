"""The JSON text of a plan: parsing returns the same plan."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.workflow_engine import Plan, Step

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
STEPS = st.builds(
    Step,
    name=TEXT,
    environment=TEXT,
    commands=st.lists(TEXT).map(tuple),
    memory_bytes=st.none() | st.integers(1, 2**63 - 1),
    cpus=st.none() | st.floats(0.001, 1e6),
    time_limit_seconds=st.none() | st.integers(1, 2**31),
    compute_backend=TEXT,
)


def test_text_has_the_documented_form() -> None:
    plan = Plan(
        (Step("fit", "busybox", ("echo 1", "echo 2"), 1024, 0.5, 60, "slurm"), Step("plot", "busybox", ("ls",)))
    )
    assert json.loads(plan.to_json()) == {
        "version": 1,
        "steps": [
            {
                "name": "fit",
                "environment": "busybox",
                "commands": ["echo 1", "echo 2"],
                "memory_bytes": 1024,
                "cpus": 0.5,
                "time_limit_seconds": 60,
                "compute_backend": "slurm",
            },
            {
                "name": "plot",
                "environment": "busybox",
                "commands": ["ls"],
                "memory_bytes": None,
                "cpus": None,
                "time_limit_seconds": None,
                "compute_backend": "",
            },
        ],
    }


@given(st.lists(STEPS, max_size=5).map(tuple))
def test_plan_survives_a_round_trip(steps: tuple[Step, ...]) -> None:
    assert Plan.from_json(Plan(steps).to_json()) == Plan(steps)


ONE = '{"name": "a", "environment": "b", "commands": ["c"]}'


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("", "as a whole"),
        ("[]", "as a whole"),
        ('{"steps": []}', "version"),
        ('{"version": 1}', "steps"),
        ('{"version": "1", "steps": []}', "version"),
        ('{"version": 1, "steps": [], "more": 1}', "more"),
        ('{"version": 1, "steps": [{}]}', "steps.0.name"),
        (f'{{"version": 1, "steps": [{ONE[:-1]}, "colour": 1}}]}}', "steps.0.colour"),
        (f'{{"version": 1, "steps": [{ONE[:-1]}, "cpus": "1"}}]}}', "steps.0.cpus"),
        (f'{{"version": 1, "steps": [{ONE}, 5]}}', "steps.1"),
    ],
)
def test_invalid_plan_is_refused_with_its_location(text: str, location: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Plan.from_json(text)
    assert caught.value.message.startswith(f"Invalid plan: {location}: ")


def test_plan_of_another_version_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^This plan has version 2; this server reads version 1\.$"):
        Plan.from_json('{"version": 2, "steps": []}')
