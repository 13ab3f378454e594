"""The path of the administration; the tables register themselves when they are imported."""

from django.urls import path
from django.views.generic import RedirectView

from user_workspaces.administration import people, quotas, runs, sharing, tokens, work
from user_workspaces.administration.site import administration

__all__ = ["people", "quotas", "runs", "sharing", "tokens", "urlpatterns", "work"]

urlpatterns = [
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", administration.urls),
]
