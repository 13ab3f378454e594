"""Configured web applications in a workspace: their environment, their start, and their readiness."""

from datetime import timedelta
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import ClassVar, cast
from urllib.parse import urlsplit

from user_workspaces.environment_store.interpreter import Interpreters
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.endpoint import Mount
from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import (
    Endpoint,
    Health,
    JobContext,
    JobScript,
    PluginContext,
    Preparation,
    PreparationState,
)
from user_workspaces.plugins.job_type.web_application.launch import SOCKET, application_script, page
from user_workspaces.plugins.job_type.web_application.options import (
    Application,
    Base,
    ResourceDetails,
    WebApplicationOptions,
    WebApplicationParameters,
)
from user_workspaces.plugins.job_type.web_application.packages import advice, missing
from user_workspaces.plugins.job_type.web_application.recipes import recipe
from user_workspaces.session_probe import status

MOUNTS = {Base.NONE: Mount.ROOT, Base.KEEP: Mount.KEEP, Base.STRIP: Mount.STRIP}
READY = range(HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
"""Redirects count as ready: some applications redirect from their root to a page."""
NOTHING = "No application is configured: the entry in config.json needs the key application."


class WebApplicationJob(JobType):
    """Starts the application behind a Unix socket in the job's directory, which only the proxy connects to."""

    Options: ClassVar[type[PluginOptions]] = WebApplicationOptions
    Parameters: ClassVar[type[JobParameters]] = WebApplicationParameters

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        known = cast("WebApplicationOptions", options)
        self._details = known.environment_details
        self._application = known.application
        self._environments = EnvironmentStore(context.base_dir / "environments")
        self._interpreters = Interpreters()
        self.asks_file = known.application is not None and bool(known.application.asks_file)
        if known.application is not None:
            self.needs_own_origin = known.application.base is Base.NONE
            self.startup = timedelta(seconds=known.application.ready_s)

    def prepare(self, resource: str) -> Preparation:
        """Return whether the application's packages are installed, and start the installation if not."""
        if self._details and resource not in self._details:
            return Preparation(PreparationState.READY)  # not offered there, so there is nothing to prepare
        try:
            application = self._known()
            if lacks := missing(application.packages.apt):
                message = f"This server lacks {', '.join(lacks)}. An administrator can install it with {advice(lacks)}."
                return Preparation(PreparationState.FAILED, message)
            how = self._recipe(application, resource)
        except (ConfigurationError, InvalidRequest) as error:
            return Preparation(PreparationState.FAILED, error.message)
        return Preparation(PreparationState.READY) if how is None else self._environments.prepare(how)

    def check_launch(self, resource: str, parameters: JobParameters) -> None:
        """Raise `InvalidRequest` on a resource where it is not offered, and for a missing or wrong file."""
        application = self._known()
        self._details_for(resource)
        pattern, file = application.asks_file, cast("WebApplicationParameters", parameters).file
        if not pattern:
            return
        if not file:
            raise InvalidRequest(f"This application runs a file of the workspace. Set job_details.file ({pattern}).")
        compared = file if "/" in pattern else file.rpartition("/")[2]
        if not fnmatchcase(compared.lower(), pattern.lower()):
            raise InvalidRequest(f"job_details.file: {file} does not match {pattern}, which this application runs.")

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return the script; raises `InvalidRequest` for a launch that cannot work."""
        self.check_launch(context.resource, parameters)
        application, details = self._known(), self._details_for(context.resource)
        how = self._recipe(application, context.resource)
        return application_script(
            context,
            application,
            file=self._file(parameters),
            environment=self._environments.path_of(how.fingerprint) if how else None,
            interpreter=self._interpreters.find(details.python_version).path,
            modules=details.modules,
        )

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return the application's socket once a process of the user serves its page `ready` there."""
        application, socket = self._known(), context.job_directory / SOCKET
        kept = context.base_path.rstrip("/") if application.base is Base.KEEP else ""
        target = kept + page(application, application.ready, file="", base_path=context.base_path)
        host = urlsplit(context.origin).netloc or "localhost"
        response = status(socket, uid=context.account.uid, target=target, host=host)
        if response not in READY:
            return None
        return Endpoint(
            socket=str(socket),
            socket_uid=context.account.uid,
            mount=MOUNTS[application.base],
            strip_headers=application.strip_headers,
        )

    def start_page(self, parameters: JobParameters, base_path: str) -> str:
        """Return the application's page `open`."""
        if self._application is None:
            return ""
        template = self._application.open
        return page(self._application, template, file=self._file(parameters), base_path=base_path).lstrip("/")

    def check(self) -> Health:
        """Return the health, with missing system packages and failed builds."""
        if self._application is None:
            return Health(connected=False, message=NOTHING)
        if lacks := missing(self._application.packages.apt):
            message = f"It cannot be launched: this server lacks {', '.join(lacks)}."
            return Health(connected=False, message=message, advice=advice(lacks))
        failed = [problem for resource in self._details or [""] if (problem := self._failure(resource))]
        return Health(connected=not failed, message=" ".join(dict.fromkeys(failed)))

    def _failure(self, resource: str) -> str:
        try:
            how = self._recipe(self._known(), resource)
        except ConfigurationError as error:
            return error.message
        return self._environments.failure(how) if how else ""

    def _known(self) -> Application:
        if self._application is None:
            raise InvalidRequest(NOTHING)
        return self._application

    def _file(self, parameters: JobParameters) -> str:
        return cast("WebApplicationParameters", parameters).file if self.asks_file else ""

    def _details_for(self, resource: str) -> ResourceDetails:
        if self._details and resource not in self._details:
            raise InvalidRequest(f"This application is not offered on {resource}.")
        return self._details.get(resource, ResourceDetails())

    def _recipe(self, application: Application, resource: str) -> Recipe | None:
        details = self._details_for(resource) if resource else ResourceDetails()
        return recipe(
            application.packages,
            details,
            name=self.context.name,
            interpreter=self._interpreters.find(details.python_version),
            base_dir=self.context.base_dir,
            environments=self._environments,
        )


__all__ = ["WebApplicationJob", "WebApplicationOptions"]
