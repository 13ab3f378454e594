"""Start queued runs: choose the next one, and start its job."""

import base64
import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from user_workspaces import registry
from user_workspaces.errors import QuotaExceeded, ResourceUnavailable, StorageError, UserWorkspacesError
from user_workspaces.interfaces.settings import JOB_TYPE_OF_RUNS
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.resource_options import parameter_for
from user_workspaces.jobs.status import LIVE
from user_workspaces.observability.warning_log import WARNINGS
from user_workspaces.quotas.values import Kind
from user_workspaces.workflows.lifecycle.actions import change_status
from user_workspaces.workflows.lifecycle.environments import environment_of, name_of_environment
from user_workspaces.workflows.lifecycle.fair_queue import lock_queue, may_be_skipped, next_run
from user_workspaces.workflows.lifecycle.plan import RunSecrets, peak_memory_mb, plan_of, specification_of, written_plan
from user_workspaces.workflows.models import Run, Secret
from user_workspaces.workflows.queries import secrets_of, workspace_of
from user_workspaces.workflows.secrets import is_left_out
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workflows.storage.locations import state_of, write_plan, write_secrets
from user_workspaces.workspaces.queries import home_of

logger = logging.getLogger(__name__)

TRY_AGAIN, SELDOM = timedelta(seconds=15), timedelta(seconds=60)
INTERNAL_ERROR = (
    "The run could not be started because of an internal error. The server tries again; its log has the details."
)


def start_next(*, now: datetime) -> bool:
    """Start the job of the next run if there is capacity; return False if there is nothing to do.

    The queue is locked meanwhile, so that several controllers start runs one after another.
    """
    # Checked first without the lock: mostly nothing is queued, and this is called on every pass.
    if not Run.objects.filter(status=RunStatus.QUEUED).exists() or not _has_capacity():
        return False
    with transaction.atomic():
        lock_queue()
        run = _next_run(now) if _has_capacity() else None
        if run is None:
            return False
        try:
            # A savepoint: an error undoes the job, and the lock on the queue is kept to record the reason.
            with transaction.atomic():
                job = launch(run, now=now)
                change_status(
                    run=run, new=RunStatus.PENDING, now=now, job=job, jobs_started=1, message="", next_check_at=now
                )
        except UserWorkspacesError as error:
            _give_up_or_wait(run, error, now=now)
        except DatabaseError:  # the transaction is broken: nothing can be written about the run
            raise
        except OSError as error:
            WARNINGS.warn(logger, f"run {run.pk}", error)
            _wait(run, INTERNAL_ERROR, at=now + SELDOM, alone=True)
        except Exception:  # a fault in one run must not stop the queue: log it, retry later
            logger.exception("run %s could not be started; trying again later", run.pk)
            _wait(run, INTERNAL_ERROR, at=now + SELDOM, alone=True)
    return True


def _give_up_or_wait(run: Run, error: UserWorkspacesError, *, now: datetime) -> None:
    """Fail the run, or let it wait: alone if the runs behind it may be possible, else with its line."""
    if not is_retryable(error):
        change_status(run=run, new=RunStatus.FAILED, now=now, message=error.message, next_check_at=None)
    elif blocks_only_this_run(error):
        _wait(run, error.message, at=now + SELDOM, alone=True)
    else:
        _wait(run, error.message, at=now + TRY_AGAIN, alone=False)


def is_retryable(error: UserWorkspacesError) -> bool:
    """Return whether a launch that failed with this error may succeed later."""
    if isinstance(error, QuotaExceeded):
        return not error.is_final
    return isinstance(error, (ResourceUnavailable, StorageError))


def blocks_only_this_run(error: UserWorkspacesError) -> bool:
    """Return whether another run of the same user on the same resource may start now.

    Too few core hours may be enough for a smaller run. A used-up quota of sessions or disk blocks all of the user's
    runs.
    """
    if isinstance(error, QuotaExceeded):
        return error.kind == Kind.CORE_HOURS
    return isinstance(error, StorageError)


def _next_run(now: datetime) -> Run | None:
    found = next_run(now=now)
    waiting = Run.objects.filter(pk=found, status=RunStatus.QUEUED) if found else Run.objects.none()
    # The owner may stop the run at the same time: after the lock its status is current.
    return waiting.select_for_update(of=("self",)).select_related("owner").first()


def _has_capacity() -> bool:
    most = registry.site().workflows.runs_at_once
    return most is None or Job.objects.filter(job_type=JOB_TYPE_OF_RUNS, status__in=LIVE).count() < most


def _wait(run: Run, message: str, *, at: datetime, alone: bool) -> None:
    is_skipped = alone and may_be_skipped(run)
    queued = Run.objects.filter(pk=run.pk, status=RunStatus.QUEUED)
    queued.update(message=message, next_check_at=at, is_passed_by=is_skipped)


def launch(run: Run, *, now: datetime) -> Job:
    """Write the plan and the secrets, and start a job for the run. A resumed run keeps its first plan."""
    workspace = workspace_of(run)
    specification, secrets = specification_of(run), secrets_for(run)
    plan = plan_of(specification, parameters=run.parameters, options=run.options, resource=run.resource)
    state, files, name = state_of(run), home_of(workspace), name_of_environment(environment_of(run))
    written = written_plan(run, plan, state=state, workspace=files, secrets=secrets, environment_name=name)
    # Before the job's row: a crash leaves only files, which the next attempt replaces.
    write_plan(state, written)
    write_secrets(state, variables=secrets.variables, files=secrets.files)
    request = LaunchRequest(
        owner=run.owner,
        workspace_id=run.workspace_id,
        job_type=JOB_TYPE_OF_RUNS,
        job_details={"run_directory": str(state.storage.locate(state.location))},
        options=_options(run, memory_mb=peak_memory_mb(plan)),
        resource=run.resource,
        is_listed=False,
    )
    return start_job(request, now=now)


def secrets_for(run: Run) -> RunSecrets:
    """Return the secrets of a run's owner."""
    variables, files, left_out = dict[str, str](), dict[str, bytes](), list[str]()
    for secret in secrets_of(run.owner):
        content = base64.b64decode(secret.value)
        if secret.kind == Secret.FILE:
            files[secret.name] = content
        elif is_left_out(secret):
            left_out.append(secret.name)
        else:
            variables[secret.name] = content.decode(errors="replace")
    return RunSecrets(variables, files, tuple(left_out))


def _options(run: Run, *, memory_mb: int | None) -> dict[str, object]:
    """Return the resource options; unless they set the memory, it is that of the largest step."""
    site, options = registry.site(), dict(run.resource_options)
    name = parameter_for("memory_mb", site, resource=run.resource)
    parameter = next((one for one in site.parameters if one.variable_name == name), None)
    if parameter is None or memory_mb is None or name in options or parameter.type_name != "int":
        return options
    wanted = max(memory_mb, parameter.default if isinstance(parameter.default, int) else 0)
    return {**options, name: int(min(wanted, parameter.maximum or wanted))}
