"""Editing a small text file: saved only over the version that was opened, and nothing that was typed is lost."""

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
CHANGED = "This file was changed or removed after you opened it. Nothing is saved yet, and your text is still here."


class EditForm(forms.Form):
    """The text, and which version it was."""

    text = forms.CharField(
        required=False, strip=False, label="Text", widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"})
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput, max_length=100)
    breaks = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=[("lf", ""), ("crlf", "")])
    marked = forms.BooleanField(required=False, widget=forms.HiddenInput)

    @property
    def content(self) -> bytes:
        """The bytes of the file: with the line breaks that it had, whatever the browser sends."""
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if self.cleaned_data["breaks"] == "crlf":
            text = text.replace("\n", "\r\n")
        return (BOM if self.cleaned_data["marked"] else b"") + text.encode(errors="replace")


@dataclass(frozen=True, slots=True)
class _Wish:
    """Where a text goes, and over which version of what is there."""

    path: str
    expecting: str | None


@page("GET", "POST")
def edit(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the text in a form, and save it where the file is still the one that was shown."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    path = file_path((request.POST if request.method == "POST" else request.GET).get("path"))
    if request.method != "POST":
        return _dialog(request, workspace, path, EditForm(initial=_initial(workspace, path), auto_id="edit_%s"))
    form = EditForm(request.POST, auto_id="edit_%s")
    if not form.is_valid():
        return _dialog(request, workspace, path, form)
    wish = _wish(request, path, form)
    try:
        _save(workspace, wish, form.content, now=timezone.now())
    except Conflict as error:
        is_copy = wish.path != path
        form.add_error(None, f"{wish.path}: {error.message}" if is_copy else CHANGED)
        return _dialog(request, workspace, path, form, is_changed=True)
    except UserWorkspacesError as error:
        form.add_error(None, error.message)
        return _dialog(request, workspace, path, form)
    if not wants_fragment(request):
        messages.success(request, f"{wish.path} is saved.")
    return done(request, address_of(workspace, path.rpartition("/")[0]))


def _wish(request: UserRequest, path: str, form: EditForm) -> _Wish:
    match request.POST.get("save"):
        case "replace":
            return _Wish(path, None)
        case "copy":
            return _Wish(file_path(request.POST.get("copy")), NOTHING)
        case _:
            return _Wish(path, form.cleaned_data["version"])


def _save(workspace: Workspace, wish: _Wish, content: bytes, *, now: datetime) -> None:
    if len(content) > LARGEST_EDITED:
        raise InvalidRequest("This text is too long to save here. Edit the file in a session.")
    save_file(
        workspace=workspace, path=wish.path, chunks=[content], size=len(content), now=now, expecting=wish.expecting
    )


def _initial(workspace: Workspace, path: str) -> dict[str, object]:
    preview = preview_of(workspace, path)
    if not preview.can_edit or preview.text is None:
        raise InvalidRequest("This file cannot be edited here. Open it in a session.")
    return {
        "text": preview.text,
        "version": preview.entry.version,
        "breaks": "crlf" if "\r\n" in preview.text else "lf",
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
    """Return a path beside the file that nothing has."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".") if "." in name.lstrip(".") else (name, "", "")
    tries = (f"{folder}{slash}{stem} (mine{f' {number}' if number else ''}){dot}{ending}" for number in range(100))
    return next((one for one in tries if find_entry(workspace=workspace, path=one) is None), "")
