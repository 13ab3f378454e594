"""The forms about runs: a field for each parameter, of the kind that its default is."""

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
    """The parameters of a workflow; fields are numbered, for a name may hold any character."""

    def __init__(
        self, data: Mapping[str, object] | None, *, own: Mapping[str, Json], current: Mapping[str, Json] | None = None
    ) -> None:
        super().__init__(data, auto_id="run_%s")
        self._own = dict(list(own.items())[:MOST_PARAMETERS])
        for number, (name, default) in enumerate(self._own.items()):
            self.fields[f"p{number}"] = _field(name, default, (current or {}).get(name, default))

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        """The fields of parameters alone."""
        return [self[f"p{number}"] for number in range(len(self._own))]

    @property
    def parameters(self) -> dict[str, Json]:
        """What is given in place of the specification's own; of a valid form."""
        given = {name: self.cleaned_data[f"p{number}"] for number, name in enumerate(self._own)}
        return {name: value for name, value in given.items() if not _is_same(value, self._own[name])}


class RunWorkflowForm(ParametersForm):
    """A new run of a workspace's workflow."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        required=False,
        help_text="Runs of one name are numbered: 1, 2, 3. No dots and no slashes.",
    )


class ResultsForm(forms.Form):
    """Where the results of a run go."""

    workspace = forms.TypedChoiceField(coerce=int)
    folder = forms.CharField(max_length=1000, label="New folder", strip=True)

    def __init__(
        self, data: Mapping[str, object] | None, *, workspaces: list[tuple[int, str]], initial: Mapping[str, object]
    ) -> None:
        super().__init__(data, initial=dict(initial), auto_id="results_%s")
        field = self.fields["workspace"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  it is declared ten lines above
        field.choices = workspaces

    def clean_folder(self) -> str:
        """Return the path below the workspace."""
        try:
            return file_path(self.cleaned_data["folder"])
        except InvalidRequest as error:
            raise forms.ValidationError(error.message) from None


class JsonField(forms.CharField):
    """A value of the same kind as its default: a number, true or false, or anything that JSON can say."""

    def __init__(self, default: Json, **options: object) -> None:
        super().__init__(strip=True, max_length=LONGEST_VALUE, **options)  # type: ignore[arg-type]  # label and initial, as they come
        self._default = default

    def clean(self, value: object) -> Json:
        """Return the value that was written."""
        text = super().clean(value)
        try:
            found: Json = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise forms.ValidationError(self._wanted()) from None
        if _is_number(self._default) and not _is_number(found):
            raise forms.ValidationError(self._wanted())
        return found

    def _wanted(self) -> str:
        return "This must be a number." if _is_number(self._default) else "This must be written as JSON."


def _no_number(text: str) -> Json:
    raise ValueError(text)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _field(name: str, default: Json, current: Json) -> forms.Field:
    own = f"The specification says {shown(default)}." if current != default else ""
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
    """Compare as JSON does: 1 is not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
