"""The form of a launch: an application, where it runs, and what it gets there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from django import forms
from django.forms.boundfield import BoundField

from user_workspaces import registry
from user_workspaces.environments.selection import environments_on
from user_workspaces.errors import InvalidOptions, QuotaExceeded
from user_workspaces.interfaces.file_names import escape_controls
from user_workspaces.jobs.resource_options import parameter_for
from user_workspaces.portal.applications import Application, applications, in_order
from user_workspaces.portal.presenters.quantities import capacity_text, meaning_of
from user_workspaces.portal.sessions.launch_fields import (
    PREFIX,
    Option,
    at_most,
    bounds_of,
    field_for,
    option_of,
    summary_of,
)
from user_workspaces.portal.templatetags.portal import visible
from user_workspaces.quotas.values import Kind
from user_workspaces.transfers.filenames import file_path

FILE_PREFIX = "file-"
MOST_FILES = 200
NO_FILE = "Choose the file to run."


@dataclass(frozen=True, slots=True)
class Card:
    """One choice among several, with more than its name."""

    value: str
    name: str
    icon: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FileChoice:
    """The choice of a file for an application that runs one."""

    application: Application
    field: BoundField
    count: int
    """How many files there are for it; `MOST_FILES` of them are listed."""

    @property
    def has_files(self) -> bool:
        """Whether there is one to choose."""
        return self.count > 0

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are listed."""
        return self.count > MOST_FILES

    @property
    def patterns(self) -> str:
        """The names of files that it is for."""
        return ", ".join(self.application.opens)


class LaunchForm(forms.Form):
    """Application, resource, and a field for each parameter.

    `file`: the file to open; only applications that open it are offered. `names`: the files of the workspace, offered
    by applications that run one.
    """

    job_type = forms.ChoiceField(label="Application", widget=forms.RadioSelect)
    resource = forms.ChoiceField(label="Where", widget=forms.RadioSelect)

    def __init__(
        self,
        data: Mapping[str, object] | None = None,
        *,
        initial: Mapping[str, object] | None = None,
        usual: str = "",
        file: str = "",
        names: Iterable[str] = (),
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        site = registry.site()
        self.file = file
        self._applications = _offered(usual, file)
        self._counts: dict[str, int] = {}
        _offer(self.fields["job_type"], {name: one.name for name, one in self._applications.items()})
        _offer(self.fields["resource"], {name: one.name for name, one in site.resources.items()})
        for one in self._applications.values():
            if one.asks_file and not file:
                self._add_file_choice(one, names)
        if environments := _environments():
            choices = [("", "Default"), *environments.items()]
            self.fields["environment"] = forms.ChoiceField(label="Environment", choices=choices, required=False)
        self._bounds = bounds_of(site, chosen=str(self["resource"].value()))
        for parameter in site.parameters:
            name, bounds = PREFIX + parameter.variable_name, self._bounds.get(parameter.variable_name)
            self.fields[name] = field_for(parameter, bounds, meaning=meaning_of(parameter.variable_name, site))
            if bounds and name in self.initial:
                self.initial[name] = at_most(self.initial[name], bounds.chosen_most)

    def _add_file_choice(self, application: Application, names: Iterable[str]) -> None:
        fitting = list(islice((name for name in names if application.opens_file(name)), MOST_FILES + 1))
        self._counts[application.job_type] = len(fitting)
        choices = [("", "Choose a file"), *((escape_controls(name), visible(name)) for name in fitting[:MOST_FILES])]
        field = forms.ChoiceField(label=f"File for {application.name}", choices=choices, required=False)
        field.initial = choices[1][0] if len(fitting) == 1 else None
        self.fields[FILE_PREFIX + application.job_type] = field

    def clean(self) -> dict[str, object]:
        """Ask for the file of an application that cannot start without one."""
        cleaned = super().clean() or self.cleaned_data
        name = FILE_PREFIX + str(cleaned.get("job_type", ""))
        if name in self.fields and name not in self.errors and not cleaned.get(name):
            self.add_error(name, NO_FILE)
        return cleaned

    @property
    def application_cards(self) -> Iterator[Card]:
        """The applications to choose from."""
        chosen = self["job_type"].value()
        for name, one in self._applications.items():
            yield Card(name, one.name, one.icon, one.description, is_chosen=name == chosen)

    @property
    def resource_cards(self) -> Iterator[Card]:
        """The resources to choose from."""
        chosen = self["resource"].value()
        for name, one in registry.site().resources.items():
            yield Card(name, one.name, "machine", _capacity_of(name), is_chosen=name == chosen)

    @property
    def question(self) -> str:
        """What the form asks about a file, such as `Run app.py with Streamlit`; empty: it is about none."""
        if not self.file:
            return ""
        name, offered = self.file.rpartition("/")[2], list(self._applications.values())
        return offered[0].question(name) if len(offered) == 1 else f"Open {name}"

    @property
    def legend(self) -> str:
        """What is above the applications."""
        return "Open with" if self.file and len(self._applications) > 1 else "Application"

    @property
    def file_choices(self) -> Iterator[FileChoice]:
        """The choices of a file, each for one application."""
        for name, one in self._applications.items():
            if FILE_PREFIX + name in self.fields:
                yield FileChoice(one, self[FILE_PREFIX + name], self._counts[name])

    @property
    def option_fields(self) -> Iterator[BoundField]:
        """The fields of the parameters."""
        return (self[name] for name in self.fields if name.startswith(PREFIX))

    @property
    def has_options(self) -> bool:
        """Whether the site has parameters."""
        return any(self.option_fields)

    @property
    def options_shown(self) -> Iterator[Option]:
        """The same with their bounds and hints."""
        site = registry.site()
        return (
            option_of(field, self._bounds.get(field.name.removeprefix(PREFIX)), site=site)
            for field in self.option_fields
        )

    @property
    def summary(self) -> str:
        """What the fields of the parameters hold, in a few words."""
        return summary_of(list(self.option_fields), site=registry.site())

    @property
    def needs_attention(self) -> bool:
        """Whether the fields of the parameters have to be seen: a problem, or nothing where something is required."""
        return any(field.errors or _is_missing(field) for field in self.option_fields)

    @property
    def environment_field(self) -> BoundField | None:
        """The choice of an environment; None: the site has the usual one alone."""
        return self["environment"] if "environment" in self.fields else None

    @property
    def has_choice_of_resource(self) -> bool:
        """Whether there is more than one."""
        return len(registry.site().resources) > 1

    @property
    def chosen_file(self) -> str:
        """The file of a valid form; empty: none."""
        chosen = self.cleaned_data.get(self.file_field or "")
        return self.file or (file_path(chosen) if chosen else "")

    @property
    def file_field(self) -> str | None:
        """The name of the field of that file; None: it is not a field of the form."""
        name = FILE_PREFIX + str(self.cleaned_data.get("job_type", ""))
        return name if name in self.fields else None

    def details(self, *, file: str) -> dict[str, object]:
        """Return the `job_details` of a valid form; what is empty is left out."""
        told = {"file": file, "environment": self.cleaned_data.get("environment")}
        return {name: value for name, value in told.items() if value}

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


def _offered(usual: str, file: str) -> dict[str, Application]:
    offered = applications(also=usual)
    fitting = in_order(offered.values(), file) if file else []
    return {one.job_type: one for one in fitting} or offered


def _environments() -> dict[str, str]:
    """Return the names of all named environments that can be chosen on some resource, by id."""
    found = (environments_on(resource) for resource in registry.site().resources)
    return {name: title for offered in found for name, title in offered.items()}


def _is_missing(field: BoundField) -> bool:
    return field.field.required and field.value() in (None, "")


def _capacity_of(resource: str) -> str:
    plugins = registry.current().resources
    return capacity_text(plugins.get(resource).capacity()) if resource in plugins else ""


def _is_about(problem: str, variable_name: str) -> bool:
    return problem.startswith(f"{variable_name}:") or problem.endswith(f": {variable_name}")


def _offer(field: forms.Field, choices: Mapping[str, str]) -> None:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  both are declared in the form
    field.choices = list(choices.items())
    if len(choices) == 1:
        field.initial = next(iter(choices))
