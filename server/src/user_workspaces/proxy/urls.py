"""The paths of sessions, for requests that the proxy does not relay."""

from django.urls import re_path

from user_workspaces.proxy.views import session_entry, with_slash

urlpatterns = [
    re_path(r"^passthrough/[^/]+/\d{1,18}$", with_slash),
    re_path(r"^passthrough/(?P<hostname>[^/]+)/(?P<job_id>\d{1,18})/.*$", session_entry, name="session"),
]
