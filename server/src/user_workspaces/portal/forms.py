"""Forms for workspaces and files; an invalid form returns with the input and the errors."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.applications import applications
from user_workspaces.transfers.filenames import file_path
from user_workspaces.workspaces.actions import LONGEST_DESCRIPTION, LONGEST_NAME
from user_workspaces.workspaces.details import Details, NewLink
from user_workspaces.workspaces.queries import Sorting

MOST_LINKS = 50
MOST_SEARCH = 200


class AboutForm(forms.Form):
    """Name and description."""

    name = forms.CharField(max_length=LONGEST_NAME, strip=True)
    description = forms.CharField(
        max_length=LONGEST_DESCRIPTION, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class WorkspaceForm(AboutForm):
    """Name, description and default application of a workspace."""

    default_job_type = forms.ChoiceField(
        required=False, label="Default application", help_text="Preselected when you launch."
    )

    def __init__(self, data: Mapping[str, object] | None = None, *, usual: str = "", **initial: object) -> None:
        super().__init__(data, initial=initial or None)
        field = self.fields["default_job_type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        offered = ((name, one.name) for name, one in applications(also=usual).items())
        field.choices = [("", "None"), *offered]


class LinkForm(forms.Form):
    """A link from a workspace to a dataset."""

    name = forms.CharField(max_length=1000, label="Name in the workspace")
    path = forms.CharField(max_length=4000, label="Path of the dataset")

    def clean_name(self) -> str:
        """Return the path of the link, relative to the workspace."""
        return _checked(self.cleaned_data["name"])

    def clean_path(self) -> str:
        """Return the path of the dataset, which must be absolute."""
        path = str(self.cleaned_data["path"])
        if not path.startswith("/"):
            raise forms.ValidationError("The path of a dataset must start with a slash.")
        return path

    def link(self) -> NewLink:
        """Return the link of a valid form."""
        return NewLink(name=self.cleaned_data["name"], target=self.cleaned_data["path"])


def link_to(dataset: str) -> dict[str, str]:
    """Return the initial values of the form for a dataset path."""
    return {"name": dataset.rstrip("/").rpartition("/")[2], "path": dataset} if dataset.startswith("/") else {}


LinkForms = forms.formset_factory(LinkForm, extra=1, max_num=MOST_LINKS, validate_max=True)


def details_of(links: "forms.BaseFormSet[LinkForm]") -> Details:
    """Return the links of a valid formset, without its empty forms."""
    return Details(links=tuple(form.link() for form in links.forms if form.has_changed()))


class FolderForm(forms.Form):
    """The target folder of an upload."""

    folder = forms.CharField(max_length=2000, required=False)

    def clean_folder(self) -> str:
        """Return the folder relative to the workspace; empty for the workspace itself."""
        folder = str(self.cleaned_data["folder"]).strip("/")
        return _checked(folder) if folder else ""


class NewFolderForm(forms.Form):
    """The name of a new folder; it may contain parent folders."""

    name = forms.CharField(max_length=1000, label="Folder name")

    def clean_name(self) -> str:
        """Return the path relative to the open folder."""
        return _checked(self.cleaned_data["name"])


class MoveForm(forms.Form):
    """The new path of a file or folder."""

    new_path = forms.CharField(
        max_length=4000,
        label="Name or path",
        # File names may begin or end with spaces.
        strip=False,
        help_text="Relative to the workspace. Missing folders are created.",
    )
    overwrite = forms.BooleanField(required=False, label="Replace an existing file of this name")

    def clean_new_path(self) -> str:
        """Return the path relative to the workspace."""
        return _checked(self.cleaned_data["new_path"])


def files_in(files: "MultiValueDict[str, UploadedFile[bytes]]") -> "list[UploadedFile[bytes]]":
    """Return the uploaded files; an empty file input sends one without a name."""
    return [file for file in files.getlist("files") if file.name]


class ListForm(forms.Form):
    """Search, filter and order of a list; invalid values fall back to the defaults."""

    usual: ClassVar[Mapping[str, str]] = {}

    @property
    def wanted(self) -> dict[str, str]:
        """The valid values that differ from the defaults."""
        # The result is ignored: `cleaned_data` then has the valid fields only.
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value and value != self.usual.get(name)}


class FilterForm(ListForm):
    """Search, filter and order of the list of workspaces."""

    usual: ClassVar[Mapping[str, str]] = {"sort": Sorting.OPENED.value}

    q = forms.CharField(max_length=MOST_SEARCH, required=False, label="Search")
    status = forms.ChoiceField(
        required=False, choices=[("", "Any"), ("active", "In use"), ("idle", "Idle"), ("deleting", "Being deleted")]
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[
            (Sorting.OPENED.value, "Last opened"),
            (Sorting.NAME.value, "Name"),
            (Sorting.NEWEST.value, "Newest"),
            (Sorting.SIZE.value, "Size"),
        ],
    )


def _checked(name: object) -> str:
    try:
        return file_path(name)
    except InvalidRequest as error:
        raise forms.ValidationError(error.message) from None
