"""Base classes of the administration: read-only tables, confirmed actions and filters."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from user_workspaces.errors import UserWorkspacesError

if TYPE_CHECKING:
    TypedAdmin = admin.ModelAdmin[Any]
else:  # Django's class takes no type arguments at run time
    TypedAdmin = admin.ModelAdmin

Row = TypeVar("Row", bound=Model)

MAX_ROWS_SHOWN = 50
"""On the page that asks for confirmation."""


class ReadOnlyAdmin(TypedAdmin):
    """A table that the server writes: administrators can only apply actions to its rows."""

    list_per_page = 50
    # The full count scans the whole table each time a list is filtered.
    show_full_result_count = False
    actions_selection_counter = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False."""
        # This also removes Django's action `delete_selected`, which would delete rows without their files.
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Iterable[str]:  # type: ignore[override]  # Django takes any iterable
        """Return all fields."""
        # Fields are read-only, but the permission to change stays: the actions require it.
        return list(self.fields or ())  # type: ignore[arg-type]  # the tables use no groups of fields

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list under the model's name; Django's title asks to select an object to change."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one row, without buttons to save it."""
        title = capfirst(str(self.opts.verbose_name))
        no_buttons = {"title": title, "show_save": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **no_buttons})


class YesNoFilter(admin.EmptyFieldListFilter):
    """A filter by whether a field has a value; `label` is its title."""

    label = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  the signature of Django
        super().__init__(*args, **kwargs)
        self.title = self.label

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:  # type: ignore[override]  # noqa: ANN401  the signature of Django
        """Yield the choices all, yes and no."""
        # Django yields all, empty, not empty in this order; `strict` fails if the number changes.
        for choice, display in zip(super().choices(changelist), ("All", "No", "Yes"), strict=True):
            yield {**choice, "display": display}


def log_action(model_admin: TypedAdmin, request: HttpRequest, rows: Iterable[Model], message: str) -> None:
    """Record an action in the history of each row."""
    for row in rows:
        model_admin.log_change(request, row, message)


@contextmanager
def report_errors(model_admin: TypedAdmin, request: HttpRequest, row: Model) -> Iterator[None]:
    """Show an error of the block as a message for this row, so that the action continues with the other rows."""
    try:
        yield
    except UserWorkspacesError as error:
        model_admin.message_user(request, f"{row}: {error.message}", messages.ERROR)


def apply_action(
    model_admin: TypedAdmin, request: HttpRequest, rows: Iterable[Row], change: Callable[[Row], object], *, label: str
) -> None:
    """Change each row, and record and count those that were changed.

    `change` may return False for a row that needs no change. `label` says in the past tense what was done.
    """
    changed = list[Row]()
    for row in rows:
        with report_errors(model_admin, request, row):
            if change(row) is not False:
                changed.append(row)
    log_action(model_admin, request, changed, f"{capfirst(label)}.")
    model_admin.message_user(request, f"{len(changed)} {label}.", messages.SUCCESS)


def confirm_action(
    model_admin: TypedAdmin, request: HttpRequest, rows: Iterable[Model], *, action: str, question: str, warning: str
) -> HttpResponse | None:
    """Return a page that asks for confirmation; None if the action is confirmed."""
    if request.POST.get("confirmed") == "yes":
        return None
    listed = [str(row) for row in rows]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question,
        "warning": warning,
        "rows": listed[:MAX_ROWS_SHOWN],
        "more": max(0, len(listed) - MAX_ROWS_SHOWN),
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        # The confirmation is another request: it has to send the same selection again.
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across", "0"),
        "opts": model_admin.model._meta,
    }
    return TemplateResponse(request, "administration/confirm.html", context)
