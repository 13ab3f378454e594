"""JupyterLab in a workspace: its environment, its start, and its readiness."""

from http import HTTPStatus
from typing import ClassVar, cast
from urllib.parse import quote

from user_workspaces.environment_store.python import PythonEnvironments
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Endpoint, Health, JobContext, JobScript, PluginContext, Preparation
from user_workspaces.plugins.job_type.jupyter_lab.contents import contents, extension
from user_workspaces.plugins.job_type.jupyter_lab.launch import SOCKET, authorization, session_script
from user_workspaces.plugins.job_type.jupyter_lab.options import JupyterLabOptions
from user_workspaces.session_probe import status


class JupyterLabJob(JobType):
    """Starts JupyterLab on a Unix socket in the job's directory, protected by the session's secret."""

    Options: ClassVar[type[PluginOptions]] = JupyterLabOptions
    uses_reana: ClassVar[bool] = True

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._details = cast("JupyterLabOptions", options).environment_details
        self._environments = PythonEnvironments(context, self._details, contents)

    def prepare(self, resource: str) -> Preparation:
        """Return whether JupyterLab is installed for this resource, and start the installation if not."""
        return self._environments.prepare(resource)

    def base(self, resource: str) -> Base | None:
        """Return JupyterLab's own environment; raises `InvalidRequest` and `ConfigurationError`."""
        return self._environments.base(resource)

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:  # noqa: ARG002  it has no parameters
        """Return the script; raises `InvalidRequest` for a resource that is not configured."""
        folder = self._environments.base(context.resource).folder
        python = folder / "bin" / "python" if folder else None
        return session_script(context, self._details[context.resource], python=python)

    def start_page(self, parameters: JobParameters, base_path: str) -> str:  # noqa: ARG002  it is always the same
        """Return the page of JupyterLab, in place of the server's file tree."""
        return "lab"

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return the session's socket if JupyterLab accepts the proxy's header there.

        Sessions that an earlier release of this server started expect the job's secret itself in the header.
        """
        for header in (authorization(context), f"token {context.secret}"):
            status = self._status(context, header)
            if status == HTTPStatus.OK:
                path, uid = str(context.job_directory / SOCKET), context.account.uid
                return Endpoint(socket=path, socket_uid=uid, authorization=header)
            if status != HTTPStatus.FORBIDDEN:
                return None
        return None

    def page_of_file(self, path: str) -> str:
        """Return the page with the file open."""
        return f"lab/tree/{quote(path)}"

    @staticmethod
    def _status(context: JobContext, header: str) -> int | None:
        target = f"{context.base_path}api/status"
        return status(context.job_directory / SOCKET, uid=context.account.uid, target=target, authorization=header)

    def check(self) -> Health:
        """Return the health, with the resources whose environment failed and the parts that sessions lack."""
        missing = self._environments.failed()
        if missing:
            return Health(connected=False, message=f"JupyterLab could not be prepared for {', '.join(missing)}.")
        lacks = [lack for lack in (self._unprepared(), self._without_extension()) if lack.message]
        message, advice = (" ".join(getattr(lack, part) for lack in lacks) for part in ("message", "advice"))
        return Health(connected=True, message=message, advice=advice)

    def _unprepared(self) -> Health:
        """Report the resources on which the first launch would wait for the preparation."""
        waiting = self._environments.unprepared()
        if not waiting:
            return Health(connected=True)
        return Health(
            connected=True,
            message=f"JupyterLab is not prepared yet for {', '.join(waiting)}: the first launch waits for it.",
            advice="JupyterLab is not prepared yet. Prepare it: `manage.py prepare_sessions`.",
        )

    def _without_extension(self) -> Health:
        """Report environments without the REANA extension, because its wheel was not built."""
        if extension() or all(one.module_manager != "virtualenv" for one in self._details.values()):
            return Health(connected=True)
        return Health(
            connected=True,
            message="Sessions have no REANA extension: its wheel was not built.",
            advice="Sessions have no REANA extension. Build its wheel: `scripts/install extension`.",
        )


__all__ = ["JupyterLabJob", "JupyterLabOptions"]
