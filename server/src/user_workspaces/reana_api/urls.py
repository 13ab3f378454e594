"""The paths of this door: each with and without its slash, for every method."""

from collections.abc import Iterator

from django.urls import URLPattern, path, re_path, register_converter

from user_workspaces.reana_api import run_list, runs, secrets, service, sessions, workspace, workspace_reports
from user_workspaces.reana_api.view import ReanaView


class PathBelow:
    """A path in a workspace; names of files may hold any character, also a line break."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        """From the path."""
        return value

    def to_url(self, value: str) -> str:
        """To the path."""
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
        yield path(route, view.as_view())
        yield path(f"{route}/", view.as_view())


urlpatterns = [*_patterns(), re_path(r"^.*\Z", service.UnknownPath.as_view())]
