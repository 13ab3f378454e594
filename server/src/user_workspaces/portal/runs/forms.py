"""Forms for runs: one field per parameter, typed like its default."""

import json
import math
from collections.abc import Mapping

from django import forms

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.workflow_specification import Json
from user_workspaces.portal.runs.detail_views import shown
from user_workspaces.transfers.filenames import file_path
from user_workspaces.workflows.run_names import LONGEST_NAME

MOST_PARAMETERS = 200
LONGEST_VALUE = 10_000


class ParametersForm(forms.Form):
    """The parameters of a workflow; fields are numbered, since a name may contain any character."""

    def __init__(
        self, data: Mapping[str, object] | None, *, own: Mapping[str, Json], current: Mapping[str, Json] | None = None
    ) -> None:
        super().__init__(data, auto_id="run_%s")
        self._own = dict(list(own.items())[:MOST_PARAMETERS])
        for number, (name, default) in enumerate(self._own.items()):
            self.fields[f"p{number}"] = _field(name, default, (current or {}).get(name, default))

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        """The fields of the parameters."""
        return [self[f"p{number}"] for number in range(len(self._own))]

    @property
    def parameters(self) -> dict[str, Json]:
        """The parameters of a valid form that differ from the specification's defaults."""
        given = {name: self.cleaned_data[f"p{number}"] for number, name in enumerate(self._own)}
        return {name: value for name, value in given.items() if not _is_same(value, self._own[name])}


class RunWorkflowForm(ParametersForm):
    """A new run of a workspace's workflow."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        required=False,
        help_text="Runs of the same name are numbered. Dots and slashes are not allowed.",
    )


class ResultsForm(forms.Form):
    """Target workspace and folder for the results of a run."""

    workspace = forms.TypedChoiceField(coerce=int)
    folder = forms.CharField(max_length=1000, label="New folder", strip=True)

    def __init__(
        self, data: Mapping[str, object] | None, *, workspaces: list[tuple[int, str]], initial: Mapping[str, object]
    ) -> None:
        super().__init__(data, initial=dict(initial), auto_id="results_%s")
        field = self.fields["workspace"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  declared above
        field.choices = workspaces

    def clean_folder(self) -> str:
        """Return the path relative to the workspace."""
        try:
            return file_path(self.cleaned_data["folder"])
        except InvalidRequest as error:
            raise forms.ValidationError(error.message) from None


class JsonField(forms.CharField):
    """A JSON value; a number if its default is a number."""

    def __init__(self, default: Json, **options: object) -> None:
        super().__init__(strip=True, max_length=LONGEST_VALUE, **options)  # type: ignore[arg-type]  # label and initial, as they come
        self._default = default

    def clean(self, value: object) -> Json:
        """Return the parsed value."""
        text = super().clean(value)
        try:
            # Python parses NaN and Infinity, which JSON does not have.
            found: Json = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise forms.ValidationError(self._expected()) from None
        if _is_number(self._default) and not _is_number(found):
            raise forms.ValidationError(self._expected())
        return found

    def _expected(self) -> str:
        return "This must be a number." if _is_number(self._default) else "This must be valid JSON."


def _no_number(text: str) -> Json:
    raise ValueError(text)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _field(name: str, default: Json, current: Json) -> forms.Field:
    own = f"Default: {shown(default)}." if current != default else ""
    if isinstance(default, bool):
        choices = [("true", "true"), ("false", "false")]
        return forms.TypedChoiceField(
            label=name, choices=choices, coerce=lambda text: text == "true", initial=shown(current), help_text=own
        )
    if isinstance(default, str):
        return forms.CharField(
            label=name, required=False, strip=False, max_length=LONGEST_VALUE, initial=shown(current), help_text=own
        )
    return JsonField(default, label=name, initial=shown(current), help_text=own)


def _is_same(one: Json, other: Json) -> bool:
    """Compare as JSON, where 1 and true differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
