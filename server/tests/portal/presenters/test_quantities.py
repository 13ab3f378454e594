"""Short texts for the options of a launch."""

import pytest

from user_workspaces import registry
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.portal.presenters.quantities import amount_of, capacity_text, meaning_of, quantity
from user_workspaces.registry import Registry


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("num_cpus", 1, "1 CPU"),
        ("num_cpus", "16", "16 CPUs"),
        ("num_cpus", 0.5, "0.5 CPUs"),
        ("memory_mb", 512, "512 MiB"),
        ("memory_mb", 4096, "4 GiB"),
        ("memory_mb", 24105, "23.5 GiB"),
        ("time_limit_min", 1, "1 minute"),
        ("time_limit_min", 45, "45 minutes"),
        ("time_limit_min", 60, "1 hour"),
        ("time_limit_min", 90, "1 h 30 min"),
        ("time_limit_min", 1440, "24 hours"),
        ("num_cpus", "many", "many"),
        ("num_cpus", "nan", "nan"),
        ("time_limit_min", "1e999", "1e999"),
        ("queue", 3, "3"),
    ],
)
def test_quantity(option: str, value: object, text: str) -> None:
    assert quantity(option, value) == text


def test_amount_of_a_job() -> None:
    assert amount_of(cpus=2, memory_mb=4096) == "2 CPUs, 4 GiB"
    assert amount_of(cpus=1, memory_mb=None) == "1 CPU"


def test_capacity_text() -> None:
    assert capacity_text(Capacity(cpus=2, memory_mb=4096)) == "2 CPUs, 4 GiB"
    assert capacity_text(Capacity()) == ""


def test_meaning_of_a_parameter(site: Registry) -> None:
    assert [meaning_of(name, registry.site()) for name in ("memory_mb", "queue")] == ["memory_mb", ""]
