"""All paths: the portal's pages, the API beside them, and what the proxy could not relay."""

from django.urls import include, path

from user_workspaces.config import metrics

urlpatterns = [
    path("metrics", metrics.show),
    path("metrics/", metrics.show),
    path("api/", include("user_workspaces.reana_api.urls")),  # before the others: Django tries one after the other
    path("", include("user_workspaces.api.urls")),
    path("", include("user_workspaces.proxy.urls")),
    path("", include("user_workspaces.admin.urls")),
    path("", include("user_workspaces.portal.urls")),
]
handler400 = "user_workspaces.config.error_handlers.bad_request"
handler404 = "user_workspaces.config.error_handlers.not_found"
handler500 = "user_workspaces.config.error_handlers.server_error"
