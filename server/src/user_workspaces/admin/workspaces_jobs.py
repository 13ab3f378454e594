"""Workspaces and jobs: what there is and what runs; neither names of files nor anything secret."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from user_workspaces.admin.base import ReadOnlyTable, confirm_action, note, report_errors
from user_workspaces.admin.site import administration
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.jobs.actions import delete_workspace, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import STOPPABLE
from user_workspaces.workspaces.models import Workspace

UNREAD = ("requested", "current", "description")
UNREAD_OF_JOBS = ("secret", "endpoint", "log_tail", "requested")


class Kind(admin.SimpleListFilter):
    """What people know as their workspaces; the rest is a choice away."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return what else there is."""
        return [("runs", "Workspaces of runs"), ("offers", "Copies that are not accepted"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the first choice what it is."""
        for number, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": "Workspaces of people"} if number == 0 else choice

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Workspace]") -> "QuerySet[Workspace]":
        """Leave out what was not asked for."""
        match self.value():
            case "runs":
                return queryset.filter(holds_runs=True)
            case "offers":
                return queryset.filter(awaits_acceptance=True)
            case "all":
                return queryset
            case _:
                return queryset.filter(holds_runs=False, awaits_acceptance=False)


@admin.register(Workspace, site=administration)
class Workspaces(ReadOnlyTable):
    """Everybody's workspaces."""

    list_display = ("id", "name", "owner", "status", "size", "storage", "datetime_created", "datetime_last_job_launch")
    list_display_links = ("id", "name")
    list_filter = (Kind, "status", "storage")
    list_select_related = ("owner",)
    search_fields = ("=id", "name", "owner__username")
    ordering = ("-id",)
    fields = ("name", "owner", "status", "size", "storage", "default_job_type", "datetime_created",
              "datetime_last_modified", "datetime_last_job_launch", "next_check_at")  # fmt: skip
    actions = ("queue_for_deletion",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Workspace]":
        """Leave out what people wrote, and the names of their files."""
        return Workspace.objects.defer(*UNREAD).order_by("-id")

    @admin.display(description="size", ordering="disk_space")
    def size(self, workspace: Workspace) -> str:
        """What it took on disk when it was measured last."""
        return size_text(workspace.disk_space)

    @admin.action(description="Queue for deletion", permissions=["change"])
    def queue_for_deletion(self, request: HttpRequest, workspaces: "QuerySet[Workspace]") -> HttpResponse | None:
        """Delete workspaces with all that is in them, after asking."""
        chosen = list(workspaces.select_related("owner"))
        warning = "All files in them are removed for good; what runs in them is stopped first."
        question = f"Delete {len(chosen)} workspaces?"
        asked = confirm_action(self, request, chosen, action="queue_for_deletion", question=question, warning=warning)
        if asked is None:
            queued = [workspace for workspace in chosen if self._delete(request, workspace)]
            note(self, request, queued, "Queued for deletion.")
            self.message_user(request, f"{len(queued)} queued for deletion.", messages.SUCCESS)
        return asked

    def _delete(self, request: HttpRequest, workspace: Workspace) -> bool:
        with report_errors(self, request, workspace):
            delete_workspace(owner=workspace.owner, workspace_id=workspace.pk, force=True, now=timezone.now())
            return True
        return False


@admin.register(Job, site=administration)
class Jobs(ReadOnlyTable):
    """Everybody's jobs."""

    list_display = ("id", "job_type", "owner", "resource", "status", "cpus", "memory_mb", "datetime_start",
                    "datetime_end", "core_hours", "message")  # fmt: skip
    list_filter = ("status", "resource", "job_type")
    list_select_related = ("owner",)
    search_fields = ("=id", "owner__username", "=resource_job_id")
    ordering = ("-id",)
    fields = ("job_type", "owner", "workspace_number", "resource", "resource_job_id", "status", "message", "cpus",
              "memory_mb", "time_limit_seconds", "core_hours", "datetime_created", "datetime_start", "datetime_ready",
              "datetime_end", "next_check_at", "failed_checks")  # fmt: skip
    actions = ("stop",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Job]":
        """Leave out what is secret, and what people handed over or printed."""
        return Job.objects.defer(*UNREAD_OF_JOBS).order_by("-id")

    @admin.display(description="workspace")
    def workspace_number(self, job: Job) -> int:
        """Its number; the workspace itself may be gone."""
        return job.workspace_id

    @admin.action(description="Stop", permissions=["change"])
    def stop(self, request: HttpRequest, jobs: "QuerySet[Job]") -> HttpResponse | None:
        """Stop jobs, after asking; those that have ended stay as they are."""
        chosen = list(jobs.filter(status__in=STOPPABLE))
        warning = "What is not saved in them is lost."
        question = f"Stop {len(chosen)} jobs?"
        asked = confirm_action(self, request, chosen, action="stop", question=question, warning=warning)
        if asked is None:
            stopped = [job for job in chosen if _stop(job)]
            note(self, request, stopped, "Stopped.")
            self.message_user(request, f"{len(stopped)} asked to stop.", messages.SUCCESS)
        return asked


def _stop(job: Job) -> bool:
    with suppress(UserWorkspacesError):  # it ended by itself in this moment
        stop_job(job=job, now=timezone.now())
        return True
    return False
