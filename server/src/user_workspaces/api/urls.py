"""The routes of the API, each with and without a trailing slash."""

from collections.abc import Callable, Iterator
from itertools import groupby

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLResolver, include, path, register_converter
from django.views.decorators.csrf import csrf_exempt
from rest_framework.views import APIView

from user_workspaces.api import (
    environment,
    files,
    jobs,
    quotas,
    runs,
    schema_views,
    shared_workspaces,
    site,
    tokens,
    tus,
    users,
    websocket_tickets,
    workspaces,
)
from user_workspaces.transfers.views import is_transfer, transfer


class Number:
    """An ID that fits into a column of the database."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """Return the value of a path's segment."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Return the segment for a value."""
        return str(value)


class FilePath:
    """A path in a workspace; file names may hold any character, including line breaks."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        """Return the value of a path's segment."""
        return value

    def to_url(self, value: str) -> str:
        """Return the segment for a value."""
        return value


register_converter(Number, "number")
register_converter(FilePath, "file")

View = Callable[..., HttpResponseBase]
VERB = "<str:verb>"

ROUTES: tuple[tuple[str, type[APIView]], ...] = (
    ("tokens", tokens.Tokens),
    ("tokens/<number:token_id>", tokens.TokenDetail),
    ("users", users.Users),
    ("workspaces", workspaces.Workspaces),
    ("workspaces/<number:workspace_id>", workspaces.WorkspaceDetail),
    ("workspaces/<number:workspace_id>/upload", workspaces.WorkspaceUpload),
    ("workspaces/<number:workspace_id>/start", workspaces.WorkspaceStart),
    ("workspaces/<number:workspace_id>/files", files.Files),
    ("workspaces/<number:workspace_id>/files/<file:path>", files.FileDetail),
    ("workspaces/<number:workspace_id>/environment", environment.WorkspaceEnvironment),
    ("workspaces/<number:workspace_id>/environment/prepare", environment.EnvironmentPrepare),
    ("workspaces/<number:workspace_id>/environment/reset", environment.EnvironmentReset),
    ("workspaces/<number:workspace_id>/environment/lock", environment.EnvironmentLock),
    ("workspaces/<number:workspace_id>/runs", runs.WorkspaceRuns),
    ("workspaces/<number:workspace_id>/runs/<str:run_id>/outputs", runs.RunOutputs),
    ("workspaces/<number:workspace_id>/tus", tus.TusUploads),
    ("workspaces/<number:workspace_id>/tus/<str:upload_id>", tus.TusUpload),
    # After the named actions: Django takes the first match, and this route matches all of them.
    ("workspaces/<number:workspace_id>/<str:verb>", workspaces.WorkspaceAction),
    ("jobs", jobs.Jobs),
    ("jobs/<number:job_id>", jobs.JobDetail),
    ("jobs/<number:job_id>/stop", jobs.JobStop),
    ("jobs/<number:job_id>/<str:verb>", jobs.JobAction),
    ("shared_workspaces", shared_workspaces.SharedWorkspaces),
    ("shared_workspaces/<number:share_id>", shared_workspaces.SharedWorkspaceDetail),
    ("shared_workspaces/<number:share_id>/accept", shared_workspaces.SharedWorkspaceAccept),
    ("shared_workspaces/<number:share_id>/retry", shared_workspaces.SharedWorkspaceRetry),
    ("shared_workspaces/<number:share_id>/<str:verb>", shared_workspaces.SharedWorkspaceAction),
    ("live_tickets", websocket_tickets.LiveTickets),
    ("quotas", quotas.Quotas),
    ("job_types", site.JobTypes),
    ("parameters", site.Parameters),
    ("status", site.Status),
)


def _patterns() -> Iterator[URLResolver]:
    """Yield the routes with and without a trailing slash: a redirect between the two would drop the body of a PUT.

    Routes are grouped by their first segment, since Django tries the patterns of a level one after the other.
    """
    # `groupby` joins neighbours only, so `ROUTES` keeps the routes of one word together.
    for word, routes in groupby(ROUTES, key=lambda route: route[0].partition("/")[0]):
        below = _in_any_case({route.removeprefix(word): view.as_view() for route, view in routes})
        yield path(word, include([path(f"{rest}{end}", view) for rest, view in below.items() for end in ("", "/")]))


def _in_any_case(views: dict[str, View]) -> dict[str, View]:
    """Match actions in any case: the view for unknown actions passes `START` on to `start`."""
    return {rest: _any_case(views, rest, view) if rest.endswith(VERB) else view for rest, view in views.items()}


def _any_case(views: dict[str, View], rest: str, unknown: View) -> View:
    stem = rest.removesuffix(VERB)

    @csrf_exempt  # like all views of the API, which take no cookies
    def view(request: HttpRequest, verb: str, **ids: int) -> HttpResponseBase:
        known = views.get(stem + verb.lower())
        return unknown(request, verb=verb, **ids) if known is None else known(request, **ids)

    # The pool of threads is chosen by the matched view, before it passes a request on to a transfer.
    return transfer(view) if any(is_transfer(one) for route, one in views.items() if route.startswith(stem)) else view


urlpatterns = [*_patterns(), *schema_views.paths(ROUTES)]
