"""Workspaces and jobs, without file names and secrets."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from user_workspaces.admin.base import ReadOnlyAdmin, apply_action, confirm_action, log_action
from user_workspaces.admin.site import administration
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.jobs.actions import delete_workspace, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import STOPPABLE
from user_workspaces.workspaces.models import Workspace

DEFERRED = ("requested", "current", "description")
DEFERRED_OF_JOBS = ("secret", "endpoint", "log_tail", "requested")


class KindFilter(admin.SimpleListFilter):
    """The kind of workspaces; the default are those that users see as theirs."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the other kinds."""
        return [("runs", "Workspaces of runs"), ("offers", "Copies that are not accepted yet"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the choices, with a label for the default."""
        # Django labels the choice without a value as `All`, but the default of this filter is one kind.
        for number, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": "Workspaces of users"} if number == 0 else choice

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Workspace]") -> "QuerySet[Workspace]":
        """Return the workspaces of the selected kind."""
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
class WorkspaceAdmin(ReadOnlyAdmin):
    """Workspaces of all users."""

    list_display = ("id", "name", "owner", "status", "size", "storage", "datetime_created", "datetime_last_job_launch")
    list_display_links = ("id", "name")
    list_filter = (KindFilter, "status", "storage")
    list_select_related = ("owner",)
    # `=` compares exactly: a search for 12 does not list 112 and 1204.
    search_fields = ("=id", "name", "owner__username")
    ordering = ("-id",)
    fields = ("name", "owner", "status", "size", "storage", "default_job_type", "datetime_created",
              "datetime_last_modified", "datetime_last_job_launch", "next_check_at")  # fmt: skip
    actions = ("queue_for_deletion",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Workspace]":
        """Return all workspaces, without columns that hold users' content."""
        return Workspace.objects.defer(*DEFERRED).order_by("-id")

    @admin.display(description="size", ordering="disk_space")
    def size(self, workspace: Workspace) -> str:
        """Return the disk usage at the last measurement."""
        return size_text(workspace.disk_space)

    @admin.action(description="Queue for deletion", permissions=["change"])
    def queue_for_deletion(self, request: HttpRequest, workspaces: "QuerySet[Workspace]") -> HttpResponse | None:
        """Delete workspaces with their content, after confirmation."""
        chosen = list(workspaces.select_related("owner"))
        warning = "All files in these workspaces will be permanently deleted; their jobs are stopped first."
        question = f"Delete {len(chosen)} workspaces?"
        asked = confirm_action(self, request, chosen, action="queue_for_deletion", question=question, warning=warning)
        if asked is None:
            apply_action(self, request, chosen, _delete, label="queued for deletion")
        return asked


def _delete(workspace: Workspace) -> None:
    delete_workspace(owner=workspace.owner, workspace_id=workspace.pk, force=True, now=timezone.now())


@admin.register(Job, site=administration)
class JobAdmin(ReadOnlyAdmin):
    """Jobs of all users."""

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
        """Return all jobs, without columns that hold secrets or users' content."""
        return Job.objects.defer(*DEFERRED_OF_JOBS).order_by("-id")

    @admin.display(description="workspace")
    def workspace_number(self, job: Job) -> int:
        """Return the ID of the workspace, which may be deleted."""
        return job.workspace_id

    @admin.action(description="Stop", permissions=["change"])
    def stop(self, request: HttpRequest, jobs: "QuerySet[Job]") -> HttpResponse | None:
        """Stop jobs after confirmation; ended jobs stay unchanged."""
        chosen = list(jobs.filter(status__in=STOPPABLE))
        warning = "Unsaved work in these jobs will be lost."
        question = f"Stop {len(chosen)} jobs?"
        asked = confirm_action(self, request, chosen, action="stop", question=question, warning=warning)
        if asked is None:
            stopped = [job for job in chosen if _stop(job)]
            log_action(self, request, stopped, "Stopped.")
            self.message_user(request, f"{len(stopped)} being stopped.", messages.SUCCESS)
        return asked


def _stop(job: Job) -> bool:
    with suppress(UserWorkspacesError):  # it has ended in the meantime
        stop_job(job=job, now=timezone.now())
        return True
    return False
