"""Fields from parameters, and what is offered first."""

from dataclasses import replace

import pytest
from django import forms

from user_workspaces import registry
from user_workspaces.errors import InvalidOptions
from user_workspaces.interfaces.site import Parameter
from user_workspaces.jobs.models import Job
from user_workspaces.portal.launch_fields import field_for, initial_from, slider_step
from user_workspaces.portal.launch_form import LaunchForm
from user_workspaces.registry import Registry

PLAIN = Parameter("speed", "int", 1, 9, required=True, default=3, aliases=("tempo",), raw={"display_name": "Speed"})


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("int", forms.IntegerField),
        ("float", forms.FloatField),
        ("bool", forms.BooleanField),
        ("str", forms.CharField),
    ],
)
def test_field_for_each_type(type_name: str, kind: type[forms.Field]) -> None:
    field = field_for(replace(PLAIN, type_name=type_name))
    assert type(field) is kind
    assert (field.label, field.initial) == ("Speed", 3)


def test_field_for_a_number_has_its_bounds() -> None:
    field = field_for(PLAIN)
    assert isinstance(field, forms.IntegerField)
    assert (field.min_value, field.max_value, field.required) == (1, 9, True)


def test_field_for_a_bool_may_be_off() -> None:
    assert not field_for(replace(PLAIN, type_name="bool")).required


@pytest.mark.parametrize(
    ("low", "high", "step"), [(1024, 65536, 1024), (1, 16, 1), (10, 1440, 10), (0, 3200, 100), (0, 5, 1), (7, 7, 1)]
)
def test_slider_step_is_round(low: int, high: int, step: int) -> None:
    assert slider_step(low, high) == step


def test_initial_from_nothing_is_the_site_s(site: Registry) -> None:
    initial = initial_from(None, default_job_type="", site=registry.site())
    assert initial == {"job_type": "jupyter_lab", "resource": "local"}


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ({"num_cpus": 4}, {"option-num_cpus": 4}),
        ({"time_limit_minutes": 30}, {"option-time_limit_min": 30}),
        ({"num_cpus": 99}, {}),
        ({"num_cpus": None}, {}),
        ({"unknown": 1}, {}),
    ],
)
def test_initial_from_the_last_launch_takes_what_is_still_allowed(
    site: Registry, asked: dict[str, object], offered: dict[str, object]
) -> None:
    last = Job(job_type="local_test", resource="gone", requested={"resource_options": asked})
    initial = initial_from(last, default_job_type="", site=registry.site())
    assert initial == {"job_type": "jupyter_lab", "resource": "local", **offered}


def test_show_puts_each_problem_beside_its_field(site: Registry) -> None:
    form = LaunchForm({"job_type": "jupyter_lab", "resource": "local"})
    form.is_valid()
    form.errors.clear()
    form.show(InvalidOptions(["num_cpus: Value '99' above maximum.", "Missing required: memory_mb", "Odd."]))
    assert set(form.errors) == {"option-num_cpus", "option-memory_mb", "__all__"}
