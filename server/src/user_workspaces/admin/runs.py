"""Runs of workflows, without their specifications and logs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from user_workspaces.admin.base import ReadOnlyAdmin, apply_action, confirm_action
from user_workspaces.admin.site import administration
from user_workspaces.errors import Conflict
from user_workspaces.workflows.lifecycle.actions import stop_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import GOING

DEFERRED = ("specification", "parameters", "options", "resource_options", "origin", "progress", "kept_logs")


@admin.register(Run, site=administration)
class RunAdmin(ReadOnlyAdmin):
    """Runs of all users, including deleted ones, since a number is never reused."""

    list_display = ("full_name", "owner", "status", "resource", "datetime_created", "datetime_started",
                    "datetime_finished", "message")  # fmt: skip
    list_filter = ("status", "resource")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    ordering = ("-datetime_created", "-id")
    fields = ("full_name", "owner", "status", "message", "resource", "storage", "jobs_started", "datetime_created",
              "datetime_queued", "datetime_started", "datetime_finished", "datetime_stopped",
              "retention_since", "retain_at", "next_check_at")  # fmt: skip
    actions = ("stop",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Run]":
        """Return all runs, without columns that hold users' content."""
        return Run.objects.defer(*DEFERRED).order_by("-datetime_created", "-id")

    @admin.action(description="Stop", permissions=["change"])
    def stop(self, request: HttpRequest, runs: "QuerySet[Run]") -> HttpResponse | None:
        """Stop runs after confirmation; ended runs stay unchanged."""
        chosen = list(runs.filter(status__in=GOING).select_related("owner"))
        warning = "The current step is stopped; its output so far is kept."
        asked = confirm_action(
            self, request, chosen, action="stop", question=f"Stop {len(chosen)} runs?", warning=warning
        )
        if asked is None:
            apply_action(self, request, chosen, _stop, label="stopped")
        return asked


def _stop(run: Run) -> bool:
    try:
        stop_run(run=run, now=timezone.now())
    except Conflict:  # it has ended in the meantime
        return False
    return True
