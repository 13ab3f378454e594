"""JupyterLab in a workspace: its environment, its start, and whether it answers."""

import os
from http import HTTPStatus
from typing import ClassVar, cast

from user_workspaces.environment_store.interpreter import (
    Interpreter,
    find_interpreter,
    own_interpreter,
    search_path,
)
from user_workspaces.environment_store.store import EnvironmentStore, Recipe
from user_workspaces.errors import ConfigurationError, InvalidRequest
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
from user_workspaces.plugins.job_type.jupyter_lab.launch import SOCKET, authorization, session_script
from user_workspaces.plugins.job_type.jupyter_lab.options import EnvironmentDetails, JupyterLabOptions
from user_workspaces.plugins.job_type.jupyter_lab.recipes import extension, tar_recipe, virtualenv_recipe
from user_workspaces.session_probe import status


class JupyterLabJob(JobType):
    """Starts JupyterLab on a Unix socket in the job's directory, guarded by the session's own secret."""

    Options: ClassVar[type[PluginOptions]] = JupyterLabOptions
    uses_reana: ClassVar[bool] = True

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._details = cast("JupyterLabOptions", options).environment_details
        self._environments = EnvironmentStore(context.base_dir / "environments")
        self._interpreters = dict[str | None, Interpreter]()

    def prepare(self, resource: str) -> Preparation:
        """Say whether JupyterLab is installed for this resource, and have that done beside the caller."""
        try:
            recipe = self._recipe(resource)
        except (ConfigurationError, InvalidRequest) as error:
            return Preparation(PreparationState.FAILED, error.message)
        return Preparation(PreparationState.READY) if recipe is None else self._environments.prepare(recipe)

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:  # noqa: ARG002  it takes none
        """Return what starts JupyterLab; raises `InvalidRequest` for a resource that it is not set up on."""
        recipe = self._recipe(context.resource)
        python = self._environments.place(recipe.fingerprint) / "bin" / "python" if recipe else None
        return session_script(context, self._details_for(context.resource), python=python)

    def start_page(self, parameters: JobParameters, base_path: str) -> str:  # noqa: ARG002  it is always the same
        """Return JupyterLab itself, not the tree of files of its server."""
        return "lab"

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return the session's socket once JupyterLab answers there to its header.

        A session that an earlier release of this server started knows the proxy by the secret itself.
        """
        for header in (authorization(context), f"token {context.secret}"):
            status = self._status(context, header)
            if status == HTTPStatus.OK:
                path, uid = str(context.job_directory / SOCKET), context.account.uid
                return Endpoint(socket=path, socket_uid=uid, authorization=header)
            if status != HTTPStatus.FORBIDDEN:
                return None
        return None

    @staticmethod
    def _status(context: JobContext, header: str) -> int | None:
        target = f"{context.base_path}api/status"
        return status(context.job_directory / SOCKET, uid=context.account.uid, target=target, authorization=header)

    def check(self) -> Health:
        """Name the resources whose environment cannot be had, and say what sessions lack."""
        missing = [resource for resource in self._details if self._is_missing(resource)]
        if missing:
            return Health(connected=False, message=f"JupyterLab could not be prepared for {', '.join(missing)}.")
        lacks = [lack for lack in (self._unprepared(), self._without_extension()) if lack.message]
        message, advice = (" ".join(getattr(lack, part) for lack in lacks) for part in ("message", "advice"))
        return Health(connected=True, message=message, advice=advice)

    def _unprepared(self) -> Health:
        """Say for which resources the first launch would have to wait."""
        recipes = {resource: self._recipe(resource) for resource in self._details}
        waiting = [name for name, one in recipes.items() if one and not self._environments.is_ready(one.fingerprint)]
        if not waiting:
            return Health(connected=True)
        return Health(
            connected=True,
            message=f"JupyterLab is not prepared yet for {', '.join(waiting)}: the first launch waits for it.",
            advice="JupyterLab is not prepared yet. Prepare it: `manage.py prepare_sessions`.",
        )

    def _without_extension(self) -> Health:
        """Say whether environments of our own lack the REANA extension, because its wheel was never built."""
        if extension() or all(one.module_manager != "virtualenv" for one in self._details.values()):
            return Health(connected=True)
        return Health(
            connected=True,
            message="Sessions have no REANA extension: its wheel was not built.",
            advice="Sessions have no REANA extension. Build its wheel: `scripts/install extension`.",
        )

    def _is_missing(self, resource: str) -> bool:
        try:
            recipe = self._recipe(resource)
        except ConfigurationError:
            return True
        return recipe is not None and bool(self._environments.failure(recipe))

    def _details_for(self, resource: str) -> EnvironmentDetails:
        try:
            return self._details[resource]
        except KeyError:
            raise InvalidRequest(
                f"{self.context.name} is not set up on {resource}: environment_details has no entry for it."
            ) from None

    def _recipe(self, resource: str) -> Recipe | None:
        """Return how to make the environment; None where modules bring it. Raises `ConfigurationError`."""
        details = self._details_for(resource)
        base_dir, environments = self.context.base_dir, self._environments
        match details.module_manager:
            case "lmod":
                return None
            case "tar":
                return tar_recipe(details, base_dir=base_dir, environments=environments)
            case "virtualenv":
                interpreter = self._interpreter(details.python_version)
                return virtualenv_recipe(
                    details,
                    interpreter=interpreter,
                    base_dir=base_dir,
                    environments=environments,
                    wheel=extension(),
                )

    def _interpreter(self, version: str | None) -> Interpreter:
        """Find it once a process: the environment is named after it, and people's sessions after that."""
        if version not in self._interpreters:
            self._interpreters[version] = find_interpreter(
                version=version,
                for_everybody=os.geteuid() == 0,
                own=own_interpreter(),
                folders=search_path(),
            )
        return self._interpreters[version]


__all__ = ["JupyterLabJob", "JupyterLabOptions"]
