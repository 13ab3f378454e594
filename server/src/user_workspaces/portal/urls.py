"""The paths of the portal: each with its slash and without."""

from collections.abc import Callable, Iterator

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from user_workspaces.portal import branding
from user_workspaces.portal.auth import external, login
from user_workspaces.portal.files import actions, editor, listing, transfers, views
from user_workspaces.portal.profile import views as profile
from user_workspaces.portal.runs import actions as run_actions
from user_workspaces.portal.runs import compare as run_compare
from user_workspaces.portal.runs import detail_views, list_views
from user_workspaces.portal.runs import files as run_files
from user_workspaces.portal.runs import logs as run_logs
from user_workspaces.portal.sessions import launch as launching
from user_workspaces.portal.sessions import open_session as waiting
from user_workspaces.portal.sessions import views as sessions
from user_workspaces.portal.sharing import views as sharing
from user_workspaces.portal.workspaces import datasets, environment
from user_workspaces.portal.workspaces import detail_views as workspace
from user_workspaces.portal.workspaces import list_views as workspaces

app_name = "portal"

ROUTES: tuple[tuple[str, Callable[..., HttpResponseBase], str], ...] = (
    ("site/logo/", branding.logo, "logo"),
    ("site/terms/", branding.terms, "terms"),
    ("login/", login.log_in, "login"),
    ("login/<str:secret>/", login.log_in_by_link, "login_link"),
    ("login/with/<str:authentication>/", external.begin, "login_with"),
    ("login/with/<str:authentication>/done/", external.finish, "login_done"),
    ("logout/", login.log_out, "logout"),
    ("profile/", profile.show, "profile"),
    ("profile/tokens/", profile.new_token, "new_token"),
    ("profile/tokens/<int:token_id>/revoke/", profile.revoke, "revoke_token"),
    ("profile/password/", profile.change_password, "password"),
    ("profile/reana/", profile.connect_reana, "connect_reana"),
    ("profile/reana/forget/", profile.disconnect_reana, "disconnect_reana"),
    ("profile/secrets/", profile.add_secret, "add_secret"),
    ("profile/secrets/delete/", profile.delete_secret, "delete_secret"),
    ("profile/log-out-everywhere/", profile.log_out_everywhere, "log_out_everywhere"),
    ("new/", workspaces.new_workspace, "new"),
    ("datasets/", datasets.for_new_workspace, "datasets"),
    ("w/<int:workspace_id>/", workspace.show, "workspace"),
    ("w/<int:workspace_id>/about/", workspace.about, "about"),
    ("w/<int:workspace_id>/files/", listing.files, "files"),
    ("w/<int:workspace_id>/link/", listing.link, "link"),
    ("w/<int:workspace_id>/datasets/", datasets.for_workspace, "workspace_datasets"),
    ("w/<int:workspace_id>/folder/", actions.new_folder, "new_folder"),
    ("w/<int:workspace_id>/move/", actions.move, "move"),
    ("w/<int:workspace_id>/remove/", actions.remove, "remove"),
    ("w/<int:workspace_id>/preview/", views.preview, "preview"),
    ("w/<int:workspace_id>/rendered/", views.rendered, "rendered"),
    ("w/<int:workspace_id>/view/", views.view, "view"),
    ("w/<int:workspace_id>/edit/", editor.edit, "edit"),
    ("w/<int:workspace_id>/download/", transfers.download_files, "download"),
    ("w/<int:workspace_id>/batch/", transfers.batch, "batch"),
    ("w/<int:workspace_id>/tus/", transfers.uploads, "uploads"),
    ("w/<int:workspace_id>/tus/<str:upload_id>/", transfers.upload, "upload"),
    ("w/<int:workspace_id>/environment/", environment.show, "environment"),
    ("w/<int:workspace_id>/environment/prepare/", environment.prepare, "prepare_environment"),
    ("w/<int:workspace_id>/environment/reset/", environment.reset_environment, "reset_environment"),
    ("w/<int:workspace_id>/environment/lock/", environment.lock, "environment_lock"),
    ("w/<int:workspace_id>/settings/", workspace.settings, "settings"),
    ("w/<int:workspace_id>/delete/", workspace.delete, "delete"),
    ("w/<int:workspace_id>/launch/", launching.launch, "launch"),
    ("w/<int:workspace_id>/runs/", list_views.runs_of_workspace, "workspace_runs"),
    ("w/<int:workspace_id>/run/", run_actions.run_workflow, "run_workflow"),
    ("runs/", list_views.list_runs, "runs"),
    ("runs/<uuid:run_id>/", detail_views.show, "run"),
    ("runs/<uuid:run_id>/logs/", run_logs.logs, "run_logs"),
    ("runs/<uuid:run_id>/logs/more/", run_logs.more, "run_log_more"),
    ("runs/<uuid:run_id>/files/", run_files.files, "run_files"),
    ("runs/<uuid:run_id>/download/", run_files.download_files, "run_download"),
    ("runs/<uuid:run_id>/specification/", detail_views.specification, "run_specification"),
    ("runs/<uuid:run_id>/compare/", run_compare.compare, "run_compare"),
    ("runs/<uuid:run_id>/again/", run_actions.again, "run_again"),
    ("runs/<uuid:run_id>/stop/", run_actions.stop, "run_stop"),
    ("runs/<uuid:run_id>/delete/", run_actions.delete, "run_delete"),
    ("runs/<uuid:run_id>/results/", run_actions.results, "run_results"),
    ("session/<int:job_id>/stop/", sessions.stop, "stop"),
    ("session/<int:job_id>/again/", launching.launch_again, "launch_again"),
    ("session/<int:job_id>/log/", sessions.log, "log"),
    ("w/<int:workspace_id>/sharing/", sharing.sharing, "sharing"),
    ("shared/", sharing.received, "shared"),
    ("shared/<int:share_id>/accept/", sharing.accept, "accept"),
    ("shared/<int:share_id>/withdraw/", sharing.withdraw, "withdraw"),
    ("shared/<int:share_id>/retry/", sharing.retry, "retry"),
    ("open/<int:job_id>/", waiting.open_session, "open"),
)


def _patterns() -> Iterator[URLPattern]:
    yield path("", workspaces.list_workspaces, name="workspaces")
    for route, view, name in ROUTES:
        # Both forms reach the view, because a redirect would lose the body of a POST. Only one has the name.
        yield path(route.removesuffix("/"), view)
        yield path(route, view, name=name)


urlpatterns = list(_patterns())
