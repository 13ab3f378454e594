"""The routes of REANA's API, each with and without a trailing slash."""

from collections.abc import Iterator

from django.urls import URLPattern, path, re_path, register_converter

from user_workspaces.reana_api import run_list, runs, secrets, service, sessions, workspace, workspace_reports
from user_workspaces.reana_api.view import ReanaView


class PathBelow:
    """Converter for a path in a workspace; file names may contain any character, even line breaks."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        """Return the path unchanged."""
        return value

    def to_url(self, value: str) -> str:
        """Return the path unchanged."""
        return value


register_converter(PathBelow, "below")

ROUTES: tuple[tuple[str, type[ReanaView]], ...] = (
    ("ping", service.Ping),
    ("you", service.You),
    ("info", service.Info),
    ("config", service.Config),
    ("status", service.ServiceStatus),
    ("secrets", secrets.UserSecrets),
    ("workflows", run_list.Workflows),
    # Before the routes with a name: Django takes the first match, and a run can be named `start`.
    ("workflows/move_files/<str:named>", workspace.MoveFiles),
    ("workflows/<str:named>/start", runs.StartRun),
    ("workflows/<str:named>/status", runs.RunStatusView),
    ("workflows/<str:named>/logs", runs.RunLogs),
    ("workflows/<str:named>/specification", runs.RunSpecification),
    ("workflows/<str:named>/parameters", runs.RunParameters),
    ("workflows/<str:named>/retention_rules", runs.RetentionRules),
    ("workflows/<str:named>/disk_usage", workspace_reports.DiskUsage),
    ("workflows/<str:named>/diff/<str:other>", workspace_reports.RunDiff),
    ("workflows/<str:named>/prune", workspace_reports.Prune),
    ("workflows/<str:named>/workspace", workspace.RunFiles),
    ("workflows/<str:named>/workspace/<below:path>", workspace.RunFile),
    ("workflows/<str:named>/open/<str:kind>", sessions.OpenSession),
    ("workflows/<str:named>/close", sessions.CloseSession),
    ("workflows/<str:named>/session", sessions.SessionRedirect),
)


def _patterns() -> Iterator[URLPattern]:
    for route, view in ROUTES:
        # Two routes instead of a redirect, which would lose the body of a POST: clients use both forms.
        yield path(route, view.as_view())
        yield path(f"{route}/", view.as_view())


urlpatterns = [*_patterns(), re_path(r"^.*\Z", service.UnknownPath.as_view())]
