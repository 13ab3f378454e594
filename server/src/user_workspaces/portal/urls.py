"""The paths of the portal: each with its slash and without."""

from collections.abc import Callable, Iterator

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from user_workspaces.portal import (
    branding,
    datasets,
    elsewhere,
    environment,
    file_actions,
    file_editing,
    file_transfers,
    file_views,
    files,
    launching,
    profile,
    run,
    run_actions,
    run_compare,
    run_files,
    run_logs,
    runs,
    sessions,
    sharing,
    sign_in,
    waiting,
    workspace,
    workspaces,
)

app_name = "portal"

ROUTES: tuple[tuple[str, Callable[..., HttpResponseBase], str], ...] = (
    ("site/logo/", branding.logo, "logo"),
    ("site/terms/", branding.terms, "terms"),
    ("login/", sign_in.log_in, "login"),
    ("login/<str:secret>/", sign_in.log_in_by_link, "login_link"),
    ("login/with/<str:authentication>/", elsewhere.begin, "login_with"),
    ("login/with/<str:authentication>/done/", elsewhere.finish, "login_done"),
    ("logout/", sign_in.log_out, "logout"),
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
    ("w/<int:workspace_id>/files/", files.files, "files"),
    ("w/<int:workspace_id>/link/", files.link, "link"),
    ("w/<int:workspace_id>/datasets/", datasets.for_workspace, "workspace_datasets"),
    ("w/<int:workspace_id>/folder/", file_actions.new_folder, "new_folder"),
    ("w/<int:workspace_id>/move/", file_actions.move, "move"),
    ("w/<int:workspace_id>/remove/", file_actions.remove, "remove"),
    ("w/<int:workspace_id>/preview/", file_views.preview, "preview"),
    ("w/<int:workspace_id>/rendered/", file_views.rendered, "rendered"),
    ("w/<int:workspace_id>/view/", file_views.view, "view"),
    ("w/<int:workspace_id>/edit/", file_editing.edit, "edit"),
    ("w/<int:workspace_id>/download/", file_transfers.download_files, "download"),
    ("w/<int:workspace_id>/batch/", file_transfers.batch, "batch"),
    ("w/<int:workspace_id>/tus/", file_transfers.uploads, "uploads"),
    ("w/<int:workspace_id>/tus/<str:upload_id>/", file_transfers.upload, "upload"),
    ("w/<int:workspace_id>/environment/", environment.show, "environment"),
    ("w/<int:workspace_id>/environment/prepare/", environment.prepare, "prepare_environment"),
    ("w/<int:workspace_id>/environment/reset/", environment.reset_environment, "reset_environment"),
    ("w/<int:workspace_id>/environment/lock/", environment.lock, "environment_lock"),
    ("w/<int:workspace_id>/settings/", workspace.settings, "settings"),
    ("w/<int:workspace_id>/delete/", workspace.delete, "delete"),
    ("w/<int:workspace_id>/launch/", launching.launch, "launch"),
    ("w/<int:workspace_id>/runs/", runs.runs_of_workspace, "workspace_runs"),
    ("w/<int:workspace_id>/run/", run_actions.run_workflow, "run_workflow"),
    ("runs/", runs.list_runs, "runs"),
    ("runs/<uuid:run_id>/", run.show, "run"),
    ("runs/<uuid:run_id>/logs/", run_logs.logs, "run_logs"),
    ("runs/<uuid:run_id>/logs/more/", run_logs.more, "run_log_more"),
    ("runs/<uuid:run_id>/files/", run_files.files, "run_files"),
    ("runs/<uuid:run_id>/download/", run_files.download_files, "run_download"),
    ("runs/<uuid:run_id>/specification/", run.specification, "run_specification"),
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
        yield path(route.removesuffix("/"), view)
        yield path(route, view, name=name)


urlpatterns = list(_patterns())
