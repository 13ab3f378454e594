"""Fields of parameters, their limits, and initial values."""

from dataclasses import replace

import pytest
from django import forms
from django.core.exceptions import ValidationError

from user_workspaces import registry
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.settings import Parameter
from user_workspaces.jobs.models import Job
from user_workspaces.portal.sessions.launch_fields import (
    Bounds,
    at_most,
    bounds_of,
    field_for,
    initial_from,
    slider_step,
)
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_resource import FakeResource

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


def test_field_for_a_number_has_its_limits() -> None:
    field = field_for(PLAIN)
    assert (field.widget.attrs, field.required) == ({"min": 1, "max": 9, "data-step": 1}, True)
    for value in (0, 10):
        with pytest.raises(ValidationError, match="Ensure this value is"):
            field.clean(value)


def test_field_for_a_bool_is_optional() -> None:
    assert not field_for(replace(PLAIN, type_name="bool")).required


@pytest.mark.parametrize(
    ("low", "high", "step"), [(1024, 65536, 1024), (1, 16, 1), (10, 1440, 10), (0, 3200, 100), (0, 5, 1), (7, 7, 1)]
)
def test_slider_step_is_round(low: int, high: int, step: int) -> None:
    assert slider_step(low, high) == step


def test_initial_values_are_the_defaults_of_the_site(site: Registry) -> None:
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
def test_initial_values_are_the_allowed_ones_of_the_last_launch(
    site: Registry, asked: dict[str, object], offered: dict[str, object]
) -> None:
    last = Job(job_type="local_test", resource="gone", requested={"resource_options": asked})
    initial = initial_from(last, default_job_type="", site=registry.site())
    assert initial == {"job_type": "jupyter_lab", "resource": "local", **offered}


SMALL, LARGE = Capacity(cpus=2, memory_mb=3000), Capacity(cpus=64, memory_mb=900_000)


def put_resources(site: Registry, **capacities: Capacity) -> None:
    """Give the site resources with these capacities."""
    known = registry.site()
    for name, capacity in capacities.items():
        if name not in site.resources:
            site.add(Declaration(PluginKind.RESOURCE, name, "FakeResource", {}, name), FakeResource.build(name))
        plugin = site.resources.get(name)
        assert isinstance(plugin, FakeResource)
        plugin.has = capacity
    resources = {name: replace(known.resources["local"], name=f"The {name}") for name in capacities}
    registry.install(site, replace(known, resources=resources))


@pytest.mark.parametrize(
    ("name", "chosen", "most", "reason"),
    [
        ("num_cpus", "local", 2, "The local has 2 CPUs."),
        ("num_cpus", "cluster", 16, ""),
        ("memory_mb", "local", 3000, "The local has 3000 MB of memory."),
        ("time_limit_min", "local", 1440, ""),
        ("num_cpus", "gone", 16, ""),
    ],
)
def test_limits_are_those_of_the_chosen_resource(
    site: Registry, name: str, chosen: str, most: int, reason: str
) -> None:
    put_resources(site, local=SMALL, cluster=LARGE)
    found = bounds_of(registry.site(), chosen=chosen)[name]
    assert (found.chosen_most, found.reason) == (most, reason)


def test_limits_of_each_resource_are_given_if_they_differ(site: Registry) -> None:
    put_resources(site, local=SMALL, cluster=LARGE)
    found = bounds_of(registry.site(), chosen="local")
    assert (found["num_cpus"].most, found["num_cpus"].each) == (16, {"local": 2, "cluster": 16})
    assert (found["time_limit_min"].most, found["time_limit_min"].each) == (1440, {})


def test_limits_of_a_resource_without_capacity_are_configured(site: Registry) -> None:
    found = bounds_of(registry.site(), chosen="local")
    assert {name: one.chosen_most for name, one in found.items()} == {
        "num_cpus": 16,
        "memory_mb": 65536,
        "time_limit_min": 1440,
    }


def test_limits_without_a_maximum_are_those_of_the_resource(site: Registry) -> None:
    put_resources(site, local=SMALL)
    endless = tuple(replace(parameter, maximum=None) for parameter in registry.site().parameters)
    found = bounds_of(replace(registry.site(), parameters=endless), chosen="local")
    assert [found[name].most for name in ("num_cpus", "time_limit_min")] == [2, None]


def test_field_for_a_number_is_clamped_with_its_default(site: Registry) -> None:
    bounds = Bounds(most=16, chosen_most=2, reason="This machine has 2 CPUs.", each={"local": 2, "cluster": 16})
    field = field_for(PLAIN, bounds)
    assert (field.initial, field.widget.attrs["max"]) == (2, 16)
    assert field.widget.attrs["data-most"] == '{"local": 2, "cluster": 16}'
    with pytest.raises(ValidationError, match="This machine has 2 CPUs"):
        field.clean(3)


@pytest.mark.parametrize(
    ("value", "most", "found"), [(4, 2, 2), (1, 2, 1), (4.5, 2.5, 2.5), (4, None, 4), ("4", 2, "4"), (True, 0, True)]
)
def test_at_most(value: object, most: float | None, found: object) -> None:
    assert at_most(value, most) == found
