"""Runs of workflows: whose they are and how they go; neither what they run nor what it printed."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from user_workspaces.admin.base import ReadOnlyTable, confirm_action, note
from user_workspaces.admin.site import administration
from user_workspaces.errors import Conflict
from user_workspaces.workflows.lifecycle.actions import stop_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import GOING

UNREAD = ("specification", "parameters", "options", "resource_options", "origin", "progress", "kept_logs")


@admin.register(Run, site=administration)
class Runs(ReadOnlyTable):
    """Everybody's, the deleted ones too: a number is never given twice."""

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
        """Leave out what people wrote and what their steps printed."""
        return Run.objects.defer(*UNREAD).order_by("-datetime_created", "-id")

    @admin.action(description="Stop", permissions=["change"])
    def stop(self, request: HttpRequest, runs: "QuerySet[Run]") -> HttpResponse | None:
        """Stop runs, after asking; those that are over stay as they are."""
        chosen = list(runs.filter(status__in=GOING).select_related("owner"))
        warning = "The step that runs is ended; what was written so far stays."
        asked = confirm_action(
            self, request, chosen, action="stop", question=f"Stop {len(chosen)} runs?", warning=warning
        )
        if asked is None:
            stopped = [run for run in chosen if _stop(run)]
            note(self, request, stopped, "Stopped.")
            self.message_user(request, f"{len(stopped)} stopped.", messages.SUCCESS)
        return asked


def _stop(run: Run) -> bool:
    try:
        stop_run(run=run, now=timezone.now())
    except Conflict:  # it ended by itself in this moment
        return False
    return True
