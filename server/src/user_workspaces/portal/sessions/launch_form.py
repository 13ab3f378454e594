"""The launch form: application, resource and options."""

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
    """A radio button with icon and description."""

    value: str
    name: str
    icon: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FileChoice:
    """The file field of an application that needs a file."""

    application: Application
    field: BoundField
    count: int
    """Number of matching files, at most `MOST_FILES` + 1."""

    @property
    def has_files(self) -> bool:
        """True if there is a matching file."""
        return self.count > 0

    @property
    def is_cut(self) -> bool:
        """True if more files match than are listed."""
        return self.count > MOST_FILES

    @property
    def patterns(self) -> str:
        """The file name patterns of the application."""
        return ", ".join(self.application.opens)


class LaunchForm(forms.Form):
    """Application, resource, and a field for each parameter.

    `file` is the file to open; only applications that open it are offered. `names` are the files of the workspace, of
    which applications that need a file offer the matching ones.
    """

    job_type = forms.ChoiceField(label="Application", widget=forms.RadioSelect)
    resource = forms.ChoiceField(label="Resource", widget=forms.RadioSelect)

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
        # Depends on the chosen resource, so the field of the resource must exist already.
        self._bounds = bounds_of(site, chosen=str(self["resource"].value()))
        for parameter in site.parameters:
            name, bounds = PREFIX + parameter.variable_name, self._bounds.get(parameter.variable_name)
            self.fields[name] = field_for(parameter, bounds, meaning=meaning_of(parameter.variable_name, site))
            if bounds and name in self.initial:
                # The last launch may have used more than this resource offers now.
                self.initial[name] = at_most(self.initial[name], bounds.chosen_most)

    def _add_file_choice(self, application: Application, names: Iterable[str]) -> None:
        # One more than is listed shows that there are more.
        fitting = list(islice((name for name in names if application.opens_file(name)), MOST_FILES + 1))
        self._counts[application.job_type] = len(fitting)
        choices = [("", "Choose a file"), *((escape_controls(name), visible(name)) for name in fitting[:MOST_FILES])]
        field = forms.ChoiceField(label=f"File for {application.name}", choices=choices, required=False)
        field.initial = choices[1][0] if len(fitting) == 1 else None
        self.fields[FILE_PREFIX + application.job_type] = field

    def clean(self) -> dict[str, object]:
        """Require a file if the application cannot start without one."""
        cleaned = super().clean() or self.cleaned_data
        name = FILE_PREFIX + str(cleaned.get("job_type", ""))
        if name in self.fields and name not in self.errors and not cleaned.get(name):
            self.add_error(name, NO_FILE)
        return cleaned

    @property
    def application_cards(self) -> Iterator[Card]:
        """The applications as radio buttons."""
        chosen = self["job_type"].value()
        for name, one in self._applications.items():
            yield Card(name, one.name, one.icon, one.description, is_chosen=name == chosen)

    @property
    def resource_cards(self) -> Iterator[Card]:
        """The resources as radio buttons."""
        chosen = self["resource"].value()
        for name, one in registry.site().resources.items():
            yield Card(name, one.name, "machine", _capacity_of(name), is_chosen=name == chosen)

    @property
    def question(self) -> str:
        """The title for a file, such as `Run app.py with Streamlit`; empty without a file."""
        if not self.file:
            return ""
        name, offered = self.file.rpartition("/")[2], list(self._applications.values())
        return offered[0].question(name) if len(offered) == 1 else f"Open {name}"

    @property
    def legend(self) -> str:
        """The heading above the applications."""
        return "Open with" if self.file and len(self._applications) > 1 else "Application"

    @property
    def file_choices(self) -> Iterator[FileChoice]:
        """The file fields, one per application."""
        for name, one in self._applications.items():
            if FILE_PREFIX + name in self.fields:
                yield FileChoice(one, self[FILE_PREFIX + name], self._counts[name])

    @property
    def option_fields(self) -> Iterator[BoundField]:
        """The fields of the parameters."""
        return (self[name] for name in self.fields if name.startswith(PREFIX))

    @property
    def has_options(self) -> bool:
        """True if the site has parameters."""
        return any(self.option_fields)

    @property
    def options_shown(self) -> Iterator[Option]:
        """The fields of the parameters with their range texts."""
        site = registry.site()
        return (
            option_of(field, self._bounds.get(field.name.removeprefix(PREFIX)), site=site)
            for field in self.option_fields
        )

    @property
    def summary(self) -> str:
        """A short text of the parameters' values."""
        return summary_of(list(self.option_fields), site=registry.site())

    @property
    def needs_attention(self) -> bool:
        """True if the options must be unfolded: a field has an error, or a required one is empty."""
        return any(field.errors or _is_missing(field) for field in self.option_fields)

    @property
    def environment_field(self) -> BoundField | None:
        """The field of the environment; None if the site has only the default one."""
        return self["environment"] if "environment" in self.fields else None

    @property
    def has_choice_of_resource(self) -> bool:
        """True if the site has several resources."""
        return len(registry.site().resources) > 1

    @property
    def chosen_file(self) -> str:
        """The file of a valid form; empty if there is none."""
        chosen = self.cleaned_data.get(self.file_field or "")
        return self.file or (file_path(chosen) if chosen else "")

    @property
    def file_field(self) -> str | None:
        """The name of the file field of the chosen application; None if it has none."""
        name = FILE_PREFIX + str(self.cleaned_data.get("job_type", ""))
        return name if name in self.fields else None

    def details(self, *, file: str) -> dict[str, object]:
        """Return the `job_details` of a valid form, without empty values."""
        details = {"file": file, "environment": self.cleaned_data.get("environment")}
        return {name: value for name, value in details.items() if value}

    @property
    def options(self) -> dict[str, object]:
        """The resource options of a valid form, without empty values."""
        given = {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }
        return {**given, "resource": self.cleaned_data["resource"]}

    @property
    def offered(self) -> dict[str, object]:
        """The values that the parameter fields show, valid or not."""
        return {field.name.removeprefix(PREFIX): field.value() for field in self.option_fields}

    def show_quota(self, error: QuotaExceeded) -> None:
        """Show an exceeded quota: core hours beside the time limit, which they mostly depend on."""
        resource = str(self.cleaned_data.get("resource"))
        is_about_time = error.kind == Kind.CORE_HOURS and resource in registry.site().resources
        name = parameter_for("time_limit_min", registry.site(), resource=resource) if is_about_time else ""
        self.add_error(PREFIX + name if name else None, error.message)

    def show(self, error: InvalidOptions) -> None:
        """Show each invalid option beside its field."""
        for problem in error.problems:
            # A problem names its parameter only in its text.
            field = next((name for name in self.fields if _is_about(problem, name.removeprefix(PREFIX))), None)
            self.add_error(field, problem)


def _offered(usual: str, file: str) -> dict[str, Application]:
    offered = applications(also=usual)
    fitting = in_order(offered.values(), file) if file else []
    return {one.job_type: one for one in fitting} or offered


def _environments() -> dict[str, str]:
    """Return the names of the environments of all resources, by id."""
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
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared in the form
    field.choices = list(choices.items())
    if len(choices) == 1:
        field.initial = next(iter(choices))
