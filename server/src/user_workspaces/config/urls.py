"""All paths: the portal's pages, the API beside them, tickets for live status, and what the proxy could not relay."""

from django.urls import include, path

urlpatterns = [
    path("", include("user_workspaces.proxy.urls")),
    path("", include("user_workspaces.portal.urls")),
    path("", include("user_workspaces.api.urls")),
    path("", include("user_workspaces.live.urls")),
]
handler400 = "user_workspaces.api.errors.bad_request"
handler404 = "user_workspaces.config.answers.not_found"
handler500 = "user_workspaces.config.answers.server_error"
