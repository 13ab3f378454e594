"""Fields of the launch form: one per configured parameter, limited by the capacity of the resources."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField

from user_workspaces.interfaces.settings import Parameter, ServerSettings
from user_workspaces.jobs.capacity import Ceiling, ceilings
from user_workspaces.jobs.models import Job
from user_workspaces.portal.applications import applications
from user_workspaces.portal.presenters.quantities import meaning_of, quantity

PREFIX = "option-"
FEWEST_STEPS = 32


@dataclass(frozen=True, slots=True)
class Bounds:
    """Upper limits of one parameter, on the chosen resource and on all resources."""

    most: float | None
    """Limit of the largest resource: without scripts, the page cannot follow the selection."""
    reason: str = ""
    """Why the chosen resource has less than the configured limit; empty if it has not."""
    chosen_most: float | None = None
    each: Mapping[str, float] = field(default_factory=dict)
    """Limit per resource, if they differ."""


@dataclass(frozen=True, slots=True)
class Option:
    """A form field with the text for its slider."""

    field: BoundField
    range_text: str
    """Empty if the field has no slider."""

    @property
    def attrs(self) -> Mapping[str, object]:
        """The HTML attributes of the number, which the slider shares."""
        attributes: Mapping[str, object] = self.field.field.widget.attrs
        return attributes


def bounds_of(site: ServerSettings, *, chosen: str) -> dict[str, Bounds]:
    """Return the limits of all number parameters: the configured ones, reduced to known capacities."""
    known = {name: ceilings(name, site=site) for name in site.resources}
    return {
        parameter.variable_name: _bounds(
            parameter, {name: one.get(parameter.variable_name) for name, one in known.items()}, chosen=chosen
        )
        for parameter in site.parameters
        if parameter.type_name in {"int", "float"}
    }


def _bounds(parameter: Parameter, known: Mapping[str, Ceiling | None], *, chosen: str) -> Bounds:
    configured = _as(parameter.maximum, whole=parameter.type_name == "int")
    each = {
        name: one.most if one and (configured is None or one.most < configured) else configured
        for name, one in known.items()
    }
    numbers = {name: value for name, value in each.items() if value is not None}
    ceiling = known.get(chosen)
    return Bounds(
        # One resource without a limit is enough for a field without a limit.
        most=max(numbers.values(), default=None) if len(numbers) == len(each) else None,
        reason=ceiling.reason if ceiling and each[chosen] != configured else "",
        chosen_most=each.get(chosen, configured),
        each=numbers if len(set(each.values())) > 1 else {},
    )


def field_for(parameter: Parameter, bounds: Bounds | None = None, *, meaning: str = "") -> forms.Field:
    """Return the form field of a parameter; a number with both limits gets a slider.

    `meaning` is the standard option of the parameter, which the page's script shows in words.
    """
    label = str(parameter.raw.get("display_name") or parameter.variable_name)
    help_text = str(parameter.raw.get("description") or "")
    required = parameter.required and parameter.type_name != "bool"
    bounds = bounds or Bounds(most=parameter.maximum, chosen_most=parameter.maximum)
    match parameter.type_name:
        case "int":
            field: forms.Field = forms.IntegerField(label=label, help_text=help_text, required=required)
            _bound(field, parameter, bounds, whole=True)
        case "float":
            field = forms.FloatField(label=label, help_text=help_text, required=required)
            _bound(field, parameter, bounds, whole=False)
        case "bool":
            field = forms.BooleanField(label=label, help_text=help_text, required=False)
        case _:
            field = forms.CharField(label=label, help_text=help_text, required=required, max_length=1000)
    if meaning:
        field.widget.attrs["data-quantity"] = meaning
    field.initial = at_most(parameter.default, bounds.chosen_most)
    return field


def _bound(field: forms.Field, parameter: Parameter, bounds: Bounds, *, whole: bool) -> None:
    """Validate against the chosen resource; the HTML attribute allows the largest one, as scripts narrow it."""
    low, high, most = (_as(bound, whole=whole) for bound in (parameter.minimum, bounds.most, bounds.chosen_most))
    if low is not None:
        field.validators.append(MinValueValidator(low))
        field.widget.attrs["min"] = low
    if most is not None:
        field.validators.append(MaxValueValidator(most, bounds.reason or None))
    if high is not None:
        field.widget.attrs["max"] = high
    if whole and low is not None and high is not None:
        field.widget.attrs["data-step"] = slider_step(int(low), int(high))
    if bounds.each:
        field.widget.attrs["data-most"] = json.dumps(bounds.each)


def slider_step(low: int, high: int) -> int:
    """Return the largest divisor of `low` that leaves enough steps, so that the slider hits round values."""
    widest = max(1, (high - low) // FEWEST_STEPS)
    return next((step for step in range(min(widest, abs(low)), 0, -1) if low % step == 0), 1) if low else widest


def option_of(field: BoundField, bounds: Bounds | None, *, site: ServerSettings) -> Option:
    """Return a field with its range text: `1 to 2`, or `1 to 2 on This machine, 1 to 16 on The cluster`."""
    low, high = (field.field.widget.attrs.get(name) for name in ("min", "max"))
    if low is None or high is None or bounds is None:
        return Option(field, "")
    each = [f"{low} to {most} on {site.resources[name].name}" for name, most in bounds.each.items()]
    return Option(field, ", ".join(each) or f"{low} to {high}")


def summary_of(fields: list[BoundField], *, site: ServerSettings) -> str:
    """Summarize the values of the fields, such as `1 CPU, 4 GiB, 4 hours`."""
    return ", ".join(filter(None, (_description(field, site) for field in fields)))


def _description(field: BoundField, site: ServerSettings) -> str:
    value = field.value()
    if value in (None, "", False):
        return ""
    meaning = meaning_of(field.name.removeprefix(PREFIX), site)
    if meaning:
        return quantity(meaning, value)
    return str(field.label) if value is True else f"{field.label}: {value}"


def initial_from(last: Job | None, *, default_job_type: str, site: ServerSettings) -> dict[str, object]:
    """Return the initial values: the last settings if they are still allowed, else the site's defaults."""
    offered = applications(also=default_job_type)
    previous = last.resource_options if last else {}
    chosen = default_job_type or (last.job_type if last else "")
    initial: dict[str, object] = {
        "job_type": chosen if chosen in offered else next(iter(offered), ""),
        "resource": last.resource if last and last.resource in site.resources else site.main_resource,
    }
    if last and last.job_details.get("environment"):
        initial["environment"] = last.job_details["environment"]
    for parameter in site.parameters:
        names = (parameter.variable_name, *parameter.aliases)
        value = next((previous[name] for name in names if name in previous), None)
        if value is not None and _is_allowed(value, parameter):
            initial[PREFIX + parameter.variable_name] = value
    return initial


def at_most(value: object, most: float | None) -> object:
    """Return a number limited to `most`; other values unchanged."""
    if most is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return min(value, int(most) if isinstance(value, int) else most)


def _is_allowed(value: object, parameter: Parameter) -> bool:
    if not isinstance(value, int | float):
        return isinstance(value, str)
    low, high = parameter.minimum, parameter.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _as(bound: float | None, *, whole: bool) -> float | None:
    return int(bound) if whole and bound is not None else bound
