"""The URLs of the administration; importing the modules registers their tables."""

from django.urls import path
from django.views.generic import RedirectView

from user_workspaces.admin import quotas, runs, sharing, tokens, users, workspaces_jobs
from user_workspaces.admin.site import administration

__all__ = ["quotas", "runs", "sharing", "tokens", "urlpatterns", "users", "workspaces_jobs"]

urlpatterns = [
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", administration.urls),
]
