"""Errors and texts of the launch form."""

from portal.sessions.test_launch_fields import put_resources
from user_workspaces.errors import InvalidOptions
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.settings import Parameter
from user_workspaces.portal.sessions.launch_form import LaunchForm
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource

PLAIN = Parameter("speed", "int", 1, 9, required=True, default=3, aliases=("tempo",), raw={"display_name": "Speed"})


def test_show_adds_each_problem_to_its_field(site: Registry) -> None:
    form = LaunchForm({"job_type": "jupyter_lab", "resource": "local"})
    form.is_valid()
    form.errors.clear()
    form.show(InvalidOptions(["num_cpus: Value '99' above maximum.", "Missing required: memory_mb", "Odd."]))
    assert set(form.errors) == {"option-num_cpus", "option-memory_mb", "__all__"}


def test_form_summarizes_its_values(site: Registry, resource: FakeResource) -> None:
    assert LaunchForm(initial={"resource": "local"}).summary == "1 CPU, 4 GiB, 4 hours"
    resource.has = Capacity(cpus=1, memory_mb=2560)
    assert LaunchForm(initial={"resource": "local", "option-num_cpus": 8}).summary == "1 CPU, 2.5 GiB, 4 hours"


def test_form_needs_attention_only_with_errors(site: Registry) -> None:
    assert not LaunchForm(initial={"resource": "local"}).needs_attention
    assert LaunchForm({"job_type": "jupyter_lab", "resource": "local"}).needs_attention


def test_form_shows_the_capacity_of_each_resource(site: Registry) -> None:
    put_resources(site, local=Capacity(cpus=2), cluster=Capacity(cpus=64, memory_mb=900_000))
    form = LaunchForm(initial={"resource": "local"})
    texts = {option.field.name: option.range_text for option in form.options_shown}
    assert texts["option-num_cpus"] == "1 to 2 on The local, 1 to 16 on The cluster"
    assert texts["option-time_limit_min"] == "10 to 1440"
    assert [card.description for card in form.resource_cards] == ["2 CPUs", "64 CPUs, 878.9 GiB"]
