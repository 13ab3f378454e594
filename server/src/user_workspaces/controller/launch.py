"""Converts a job's row to the values that resources and job types take."""

from pathlib import Path

from user_workspaces import registry
from user_workspaces.accounts.actions import system_account
from user_workspaces.environments import selection as environments
from user_workspaces.environments.activation import activate
from user_workspaces.environments.layers import note_use
from user_workspaces.environments.selection import environment_for
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.environment import WorkspaceEnvironment
from user_workspaces.interfaces.settings import JOB_TYPE_OF_RUNS
from user_workspaces.interfaces.values import JobContext, JobSpec, Limits, Preparation, PreparationState, ReanaAccess
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.resource_options import job_parameters
from user_workspaces.jobs.session_tokens import session_token
from user_workspaces.jobs.session_urls import base_path, usual_origin
from user_workspaces.workflows.lifecycle.environments import environment_of_job
from user_workspaces.workflows.personal_reana import personal_reana_of
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of


def context_of(job: Job) -> JobContext:
    """Return the description of a job that job types get."""
    workspace = Workspace.objects.select_related("owner").filter(pk=job.workspace_id).first()
    if workspace is None:
        raise NotFound("The workspace of this job no longer exists.")
    site, home = registry.site().resources[job.resource], home_of(workspace)
    return JobContext(
        job_id=job.pk,
        key=job.key,
        secret=job.secret,
        account=system_account(user=job.owner, user_authentication=site.user_authentication),
        workspace=home.storage.locate(home.location),
        job_directory=registry.current().resources.get(job.resource).job_directory(job.key),
        resource=job.resource,
        base_path=base_path(resource=job.resource, job_id=job.pk),
        origin=usual_origin(resource=job.resource, job_id=job.pk),
        reana=_reana_of(job),
        environment=_environment_of(job, workspace=home.storage.locate(home.location)),
        limits=Limits(cpus=job.cpus, memory_mb=job.memory_mb, time_limit_seconds=job.time_limit_seconds),
    )


def _environment_of(job: Job, *, workspace: Path) -> WorkspaceEnvironment | None:
    """Return the environment of the job's workspace; for a run, of the workspace that the run started from."""
    if not _uses_environment(job):
        return None
    # A run has a workspace of its own without packages: its environment is that of its origin.
    own, number = (workspace, job.workspace_id) if job.job_type != JOB_TYPE_OF_RUNS else _origin_of(job)
    return environment_for(
        job_type=job.job_type, resource=job.resource, workspace=own, workspace_id=number, name=environment_of(job)
    )


def _origin_of(job: Job) -> tuple[Path | None, int | None]:
    """Return the directory and the id of the workspace that a run started from; None if there is none."""
    used = environment_of_job(job)
    if used is None or used.workspace is None:
        return None, None
    home = home_of(used.workspace)
    return home.storage.locate(home.location), used.workspace.pk


def _uses_environment(job: Job) -> bool:
    """Return whether a job runs in an environment; the commands of some runs are in container images."""
    job_types = registry.current().job_types
    if job.job_type not in job_types or not job_types.get(job.job_type).uses_environment:
        return False
    return job.job_type != JOB_TYPE_OF_RUNS or environment_of_job(job) is not None


def prepare(job: Job) -> Preparation:
    """Return whether everything is ready for a job, and start preparing what is not; raises `InvalidRequest`."""
    own = registry.current().job_types.get(job.job_type).prepare(job.resource)
    if own.state is not PreparationState.READY or not _uses_environment(job):
        return own
    base = environments.prepare(job_type=job.job_type, resource=job.resource, name=environment_of(job))
    is_optional = base.state is PreparationState.FAILED and not environment_of(job)
    return own if is_optional else base  # the default environment belongs to another job type: a job runs without


def environment_of(job: Job) -> str:
    """Return the id of the chosen environment; empty for the default one."""
    return str(job.job_details.get("environment") or "")


def _reana_of(job: Job) -> ReanaAccess | None:
    """Return the user's personal REANA, else this server's REANA API with the token that was granted to the job."""
    if not uses_reana(job):
        return None
    own = personal_reana_of(job.owner_id)
    if own is not None:
        return ReanaAccess(own.server, own.access_token)
    return ReanaAccess(registry.site().base_url, session_token(job).text, takes_header=True)


def uses_reana(job: Job) -> bool:
    """Return whether a job gets access to REANA."""
    types = registry.current().job_types
    return job.job_type in types and types.get(job.job_type).uses_reana


def needs_token(job: Job) -> bool:
    """Return whether the job needs a token of this server to use REANA."""
    return uses_reana(job) and personal_reana_of(job.owner_id) is None


def spec_of(job: Job) -> JobSpec:
    """Return the specification that is submitted to the resource."""
    context = context_of(job)
    if context.environment is not None:
        # Before the submission, so that the environment cannot expire while the job starts.
        note_use(context.environment.layers)
    job_type = registry.current().job_types.get(job.job_type)
    parameters = job_parameters(job_type.Parameters, job.job_details)
    return JobSpec(
        key=job.key,
        job_id=job.pk,
        name=f"{job.job_type}-{job.pk}",
        account=context.account,
        working_directory=context.workspace,
        script=activate(job_type.script(context, parameters), context.environment, job_directory=context.job_directory),
        limits=context.limits,
    )
