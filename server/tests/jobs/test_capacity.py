"""Capacities of resources, and options that exceed them."""

from dataclasses import replace

import pytest

from user_workspaces import registry
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.jobs.capacity import Ceiling, ceilings, excess
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource


@pytest.mark.parametrize(
    ("has", "found"),
    [
        (Capacity(), {}),
        (Capacity(cpus=1), {"num_cpus": Ceiling(1, "This machine has 1 CPU.")}),
        (Capacity(memory_mb=2000), {"memory_mb": Ceiling(2000, "This machine has 2000 MB of memory.")}),
        (Capacity(memory_mb=500), {"memory_mb": Ceiling(1024, "This machine has 500 MB of memory.")}),
    ],
)
def test_ceilings_are_known_capacities(resource: FakeResource, has: Capacity, found: dict[str, Ceiling]) -> None:
    resource.has = has
    assert ceilings("local", site=registry.site()) == found


def test_ceilings_without_mapping_or_resource_are_empty(site: Registry, resource: FakeResource) -> None:
    resource.has = Capacity(cpus=2, memory_mb=2000)
    assert ceilings("gone", site=registry.site()) == {}
    mapped = replace(registry.site().resources["local"], parameter_mapping={"num_cpus": "num_cpus"})
    found = ceilings("local", site=replace(registry.site(), resources={"local": mapped}))
    assert set(found) == {"num_cpus"}


@pytest.mark.parametrize(
    ("options", "reasons"),
    [
        ({"num_cpus": 2}, []),
        ({"num_cpus": 3}, ["This machine has 2 CPUs."]),
        ({"cores": 3}, ["This machine has 2 CPUs."]),
        ({"num_cpus": 3, "memory_mb": 9000}, ["This machine has 2 CPUs.", "This machine has 4096 MB of memory."]),
        ({"num_cpus": "many", "unknown": 99}, []),
    ],
)
def test_excess_names_capacity_of_resource(
    resource: FakeResource, options: dict[str, object], reasons: list[str]
) -> None:
    resource.has = Capacity(cpus=2, memory_mb=4096)
    known = registry.site()
    parameters = tuple(
        replace(one, aliases=("cores",)) if one.variable_name == "num_cpus" else one for one in known.parameters
    )
    assert excess(options, resource="local", site=replace(known, parameters=parameters)) == reasons


def test_default_value_can_exceed_capacity(resource: FakeResource) -> None:
    resource.has = Capacity(memory_mb=2048)
    assert excess({}, resource="local", site=registry.site()) == ["This machine has 2048 MB of memory."]
