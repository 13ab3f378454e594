"""The form of a launch, built from the parameters that the site offers."""

from collections.abc import Iterator, Mapping

from django import forms
from django.forms.boundfield import BoundField

from user_workspaces import registry
from user_workspaces.errors import InvalidOptions, QuotaExceeded
from user_workspaces.interfaces.site import Parameter, Site
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.options import parameter_for
from user_workspaces.portal.applications import applications
from user_workspaces.quotas.values import Kind

PREFIX = "option-"
FEWEST_STEPS = 32


class LaunchForm(forms.Form):
    """Application, resource, and a field for each parameter."""

    job_type = forms.ChoiceField(label="Application", widget=forms.RadioSelect)
    resource = forms.ChoiceField(label="Where", widget=forms.RadioSelect)

    def __init__(
        self,
        data: Mapping[str, object] | None = None,
        *,
        initial: Mapping[str, object] | None = None,
        usual: str = "",
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        site = registry.site()
        _offer(self.fields["job_type"], applications(also=usual))
        _offer(self.fields["resource"], {name: one.name for name, one in site.resources.items()})
        for parameter in site.parameters:
            self.fields[PREFIX + parameter.variable_name] = field_for(parameter)

    @property
    def option_fields(self) -> Iterator[BoundField]:
        """The fields of the parameters."""
        return (self[name] for name in self.fields if name.startswith(PREFIX))

    @property
    def has_choice_of_resource(self) -> bool:
        """Whether there is more than one."""
        return len(registry.site().resources) > 1

    @property
    def options(self) -> dict[str, object]:
        """What is asked of the resource; optional ones that are empty are left out."""
        given = {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }
        return {**given, "resource": self.cleaned_data["resource"]}

    @property
    def offered(self) -> dict[str, object]:
        """What the fields of the parameters show, whether it can be used or not."""
        return {field.name.removeprefix(PREFIX): field.value() for field in self.option_fields}

    def show_quota(self, error: QuotaExceeded) -> None:
        """Put it beside the field that has to change: time is what core hours are mostly made of."""
        resource = str(self.cleaned_data.get("resource"))
        is_about_time = error.kind == Kind.CORE_HOURS and resource in registry.site().resources
        name = parameter_for("time_limit_min", registry.site(), resource=resource) if is_about_time else ""
        self.add_error(PREFIX + name if name else None, error.message)

    def show(self, error: InvalidOptions) -> None:
        """Put each problem beside the field that it is about."""
        for problem in error.problems:
            field = next((name for name in self.fields if _is_about(problem, name.removeprefix(PREFIX))), None)
            self.add_error(field, problem)


def field_for(parameter: Parameter) -> forms.Field:
    """Return the form field of a parameter; numbers with both bounds come with a slider."""
    label = str(parameter.raw.get("display_name") or parameter.variable_name)
    help_text = str(parameter.raw.get("description") or "")
    required = parameter.required and parameter.type_name != "bool"
    match parameter.type_name:
        case "int":
            low, high = _whole(parameter.minimum), _whole(parameter.maximum)
            field: forms.Field = forms.IntegerField(
                label=label, help_text=help_text, required=required, min_value=low, max_value=high
            )
            if low is not None and high is not None:
                field.widget.attrs["data-step"] = slider_step(low, high)
        case "float":
            field = forms.FloatField(
                label=label,
                help_text=help_text,
                required=required,
                min_value=parameter.minimum,
                max_value=parameter.maximum,
            )
        case "bool":
            field = forms.BooleanField(label=label, help_text=help_text, required=False)
        case _:
            field = forms.CharField(label=label, help_text=help_text, required=required, max_length=1000)
    field.initial = parameter.default
    return field


def slider_step(low: int, high: int) -> int:
    """Return a step that starts at `low` and hits round values: its largest divisor that leaves enough steps."""
    widest = max(1, (high - low) // FEWEST_STEPS)
    return next((step for step in range(min(widest, abs(low)), 0, -1) if low % step == 0), 1) if low else widest


def initial_from(last: Job | None, *, default_job_type: str, site: Site) -> dict[str, object]:
    """Return what to offer first: the last choice where it is still allowed, else the site's defaults."""
    offered = applications(also=default_job_type)
    asked = last.resource_options if last else {}
    chosen = default_job_type or (last.job_type if last else "")
    initial: dict[str, object] = {
        "job_type": chosen if chosen in offered else next(iter(offered), ""),
        "resource": last.resource if last and last.resource in site.resources else site.main_resource,
    }
    for parameter in site.parameters:
        names = (parameter.variable_name, *parameter.aliases)
        value = next((asked[name] for name in names if name in asked), None)
        if value is not None and _is_allowed(value, parameter):
            initial[PREFIX + parameter.variable_name] = value
    return initial


def _is_allowed(value: object, parameter: Parameter) -> bool:
    if not isinstance(value, int | float):
        return isinstance(value, str)
    low, high = parameter.minimum, parameter.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _is_about(problem: str, variable_name: str) -> bool:
    return problem.startswith(f"{variable_name}:") or problem.endswith(f": {variable_name}")


def _offer(field: forms.Field, choices: Mapping[str, str]) -> None:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  both are declared in the form
    field.choices = list(choices.items())
    if len(choices) == 1:
        field.initial = next(iter(choices))


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
