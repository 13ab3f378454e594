"""What the tables of the administration have in common: to be read, with a few things that can be done."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from user_workspaces.errors import UserWorkspacesError

if TYPE_CHECKING:
    Table = admin.ModelAdmin[Any]
else:
    Table = admin.ModelAdmin

SHOWN_BEFORE_AN_ACTION = 50


class ReadOnlyTable(Table):
    """Rows that the server writes itself: nobody adds, edits or deletes them here; actions do what may be done."""

    list_per_page = 50
    show_full_result_count = False
    actions_selection_counter = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Iterable[str]:  # type: ignore[override]  # Django takes any
        """All that is shown."""
        return list(self.fields or ())  # type: ignore[arg-type]  # our tables name fields, none in groups

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Say what is listed, where Django asks for something to change."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one row; there is nothing to save."""
        title = capfirst(str(self.opts.verbose_name))
        no_buttons = {"title": title, "show_save": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **no_buttons})


class AnsweredFilter(admin.EmptyFieldListFilter):
    """A filter by whether a field says something, in words of its own: `asked`."""

    asked = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Django hands them over
        super().__init__(*args, **kwargs)
        self.title = self.asked

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:  # type: ignore[override]  # noqa: ANN401  as Django has it
        """Offer all, yes and no."""
        for choice, display in zip(super().choices(changelist), ("All", "No", "Yes"), strict=True):
            yield {**choice, "display": display}


def note(table: Table, request: HttpRequest, rows: Iterable[Model], what: str) -> None:
    """Write into the history of the administration who did what to these rows."""
    for row in rows:
        table.log_change(request, row, what)


@contextmanager
def report_errors(table: Table, request: HttpRequest, row: Model) -> Iterator[None]:
    """Say beside the list why a block did not do to a row what was asked; the other rows are not the worse for it."""
    try:
        yield
    except UserWorkspacesError as error:
        table.message_user(request, f"{row}: {error.message}", messages.ERROR)


def confirm_action(
    table: Table, request: HttpRequest, rows: Iterable[Model], *, action: str, question: str, warning: str
) -> HttpResponse | None:
    """Return a page that asks before an action is done; None: it was asked and confirmed."""
    if request.POST.get("confirmed") == "yes":
        return None
    listed = [str(row) for row in rows]
    context = {
        **table.admin_site.each_context(request),
        "title": question,
        "warning": warning,
        "rows": listed[:SHOWN_BEFORE_AN_ACTION],
        "more": max(0, len(listed) - SHOWN_BEFORE_AN_ACTION),
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across", "0"),
        "opts": table.model._meta,
    }
    return TemplateResponse(request, "administration/confirm.html", context)
