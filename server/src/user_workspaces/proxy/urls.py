"""The paths of sessions, for the requests that are not relayed."""

from django.urls import re_path

from user_workspaces.proxy.gate import session_gate

urlpatterns = [
    re_path(r"^passthrough/(?P<hostname>[^/]+)/(?P<job_id>\d{1,18})/(?P<rest>.*)$", session_gate, name="session"),
]
