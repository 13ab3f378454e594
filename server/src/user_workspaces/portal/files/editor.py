"""Editor for small text files: it overwrites only the version that was opened, and never loses the user's text."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from user_workspaces.errors import Conflict, InvalidRequest, UserWorkspacesError
from user_workspaces.interfaces.storage import NOTHING
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.files.actions import address_of
from user_workspaces.portal.files.previews import LARGEST_EDITED, preview_of
from user_workspaces.portal.htmx import done
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.transfers.filenames import file_path
from user_workspaces.workspaces.files import find_entry, save_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

BOM = b"\xef\xbb\xbf"
CHANGED = "This file was changed or deleted after you opened it. Your text is still here, but it is not saved yet."


class EditForm(forms.Form):
    """The text, and the version of the file that it is based on."""

    text = forms.CharField(
        required=False, strip=False, label="Text", widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"})
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput, max_length=100)
    breaks = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=[("lf", ""), ("crlf", "")])
    marked = forms.BooleanField(required=False, widget=forms.HiddenInput)

    @property
    def content(self) -> bytes:
        """The bytes of the file, with its original line breaks: browsers send CRLF."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if self.cleaned_data["breaks"] == "crlf":
            text = text.replace("\n", "\r\n")
        return (BOM if self.cleaned_data["marked"] else b"") + text.encode(errors="replace")


@dataclass(frozen=True, slots=True)
class _Target:
    """The path to save to, and the version that it must have; None for any."""

    path: str
    expecting: str | None


@page("GET", "POST")
def edit(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the text in a form, and save it if the file has not changed since."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    path = file_path((request.POST if request.method == "POST" else request.GET).get("path"))
    if request.method != "POST":
        return _dialog(request, workspace, path, EditForm(initial=_initial(workspace, path), auto_id="edit_%s"))
    form = EditForm(request.POST, auto_id="edit_%s")
    if not form.is_valid():
        return _dialog(request, workspace, path, form)
    target = _target(request, path, form)
    try:
        _save(workspace, target, form.content, now=timezone.now())
    except Conflict as error:
        is_copy = target.path != path
        form.add_error(None, f"{target.path}: {error.message}" if is_copy else CHANGED)
        return _dialog(request, workspace, path, form, is_changed=True)
    except UserWorkspacesError as error:
        form.add_error(None, error.message)
        return _dialog(request, workspace, path, form)
    if not wants_fragment(request):
        messages.success(request, f"{target.path} was saved.")
    return done(request, address_of(workspace, path.rpartition("/")[0]))


def _target(request: UserRequest, path: str, form: EditForm) -> _Target:
    match request.POST.get("save"):
        case "replace":
            return _Target(path, None)
        case "copy":
            # A copy never replaces a file, even one that was created after the name was proposed.
            return _Target(file_path(request.POST.get("copy")), NOTHING)
        case _:
            return _Target(path, form.cleaned_data["version"])


def _save(workspace: Workspace, target: _Target, content: bytes, *, now: datetime) -> None:
    # This form could not open a longer file again.
    if len(content) > LARGEST_EDITED:
        raise InvalidRequest("This text is too long to save here. Edit the file in a session.")
    save_file(
        workspace=workspace, path=target.path, chunks=[content], size=len(content), now=now, expecting=target.expecting
    )


def _initial(workspace: Workspace, path: str) -> dict[str, object]:
    preview = preview_of(workspace, path)
    if not preview.can_edit or preview.text is None:
        raise InvalidRequest("This file cannot be edited here. Open it in a session.")
    return {
        "text": preview.text,
        "version": preview.entry.version,
        "breaks": "crlf" if "\r\n" in preview.text else "lf",
        # The decoded text has no byte order mark: the file is longer than it by these bytes.
        "marked": preview.entry.size > len(preview.text.encode()),
    }


def _dialog(
    request: UserRequest, workspace: Workspace, path: str, form: EditForm, *, is_changed: bool = False
) -> HttpResponse:
    folder, _, name = path.rpartition("/")
    context = {
        "workspace": workspace,
        "path": path,
        "name": name,
        "form": form,
        "is_changed": is_changed,
        "copy": _free_name(workspace, path) if is_changed else "",
        "back": address_of(workspace, folder),
        "layout": layout_of(request),
    }
    return render(request, "portal/edit.html", context, status=422 if form.errors else 200)


def _free_name(workspace: Workspace, path: str) -> str:
    """Return an unused path in the folder of the file."""
    folder, slash, name = path.rpartition("/")
    # The dot of a hidden file does not begin an ending.
    stem, dot, ending = name.rpartition(".") if "." in name.lstrip(".") else (name, "", "")
    tries = (f"{folder}{slash}{stem} (mine{f' {number}' if number else ''}){dot}{ending}" for number in range(100))
    return next((one for one in tries if find_entry(workspace=workspace, path=one) is None), "")
