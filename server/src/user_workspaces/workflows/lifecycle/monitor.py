"""What the controller does about a run that has a job: note how far it is, and settle it when the job has ended."""

import json
import logging
import time
from datetime import datetime, timedelta

from django.db import transaction

from user_workspaces.db import leases
from user_workspaces.db.leases import due
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED as ENDED_JOBS
from user_workspaces.jobs.status import JobStatus
from user_workspaces.observability.warning_log import EXPECTED, REFUSALS
from user_workspaces.quotas.queries import is_disk_limited
from user_workspaces.workflows.lifecycle.actions import change_status
from user_workspaces.workflows.lifecycle.fair_queue import LONGEST_WAIT
from user_workspaces.workflows.lifecycle.launch import TRY_AGAIN, is_retryable, launch
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import GOING, RunStatus
from user_workspaces.workflows.storage import journal
from user_workspaces.workflows.storage.disk_usage import count_state
from user_workspaces.workflows.storage.locations import read_state, remove_secrets, remove_state, state_of
from user_workspaces.workflows.storage.logs import kept_logs
from user_workspaces.workflows.storage.progress import counts_of, has_started

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
SOON, STEADY, LATER = timedelta(milliseconds=250), timedelta(seconds=1), timedelta(seconds=30)
RUNS_A_PASS = 200
REST_PER_SECOND = 10
"""Seconds until a run is looked at again, for each that a look took: a huge journal delays nobody else's runs."""
LONGEST_PAUSE = LONGEST_WAIT / 2
WAITS_TO_GO_ON = "What ran it was torn away, and it waits to go on."
COUNT_EVERY = 15
"""Seconds between two looks at what the state of a run takes on disk."""
MOST_JOBS = 5
"""Of one run: a runner that is torn away is followed by another one, which goes on where it was."""


def follow_runs(*, now: datetime) -> int:
    """Look at the runs that are due and not waiting in the queue; return how many there were."""
    followed = Run.objects.exclude(status=RunStatus.QUEUED).select_related("owner", "job").order_by("next_check_at")
    # Each is one range of the index; with both in one query SQLite reads all that wait
    in_time = followed.filter(next_check_at__lte=now)
    far_away = followed.filter(due(now=now, longest=LONGEST_WAIT), next_check_at__gt=now + LONGEST_WAIT)
    found = [*in_time[:RUNS_A_PASS], *far_away[:RUNS_A_PASS]]
    claimed = [run for run in found if _claim(run, now=now)]
    for run in claimed:
        _follow(run, now=now)
    return len(claimed)


def _claim(run: Run, *, now: datetime) -> bool:
    return leases.claim(Run.objects.filter(status=run.status), run, until=now + LEASE)


def _reschedule(run: Run, *, at: datetime | None) -> None:
    """Release the lease and set the next due time, unless another process has changed the run."""
    if leases.release(Run.objects.filter(status=run.status), run, at=at):
        run.next_check_at = at


def _follow(run: Run, *, now: datetime) -> None:
    """A surprise with one run must not stop the others."""
    began = time.perf_counter()
    try:
        again = _step(run, now=now)
        took = timedelta(seconds=(time.perf_counter() - began) * REST_PER_SECOND)
        _reschedule(run, at=None if again is None else now + max(again, min(took, LONGEST_PAUSE)))
    except EXPECTED as error:  # a person's files may be in any state
        REFUSALS.warn(logger, f"run {run.pk}", error)
        _reschedule(run, at=now + LATER)
    except Exception:  # whatever it was, it is told and tried again
        logger.exception("run %s: this pass failed; trying again later", run.pk)
        _reschedule(run, at=now + LATER)


def _step(run: Run, *, now: datetime) -> timedelta | None:
    """Do what is due; return when to look again, None: never."""
    job = run.job
    if run.status == RunStatus.DELETED:
        return _clear(run, job)
    if job is None:
        return None
    if job.status not in ENDED_JOBS:
        _note(run, now=now)
        _count_now_and_then(run, now=now)
        return SOON if run.status == RunStatus.PENDING else STEADY
    if run.status not in GOING:  # stopped by the person, or the pass that settled it broke off
        _keep(run)
        count_state(run, now=now)
        return None
    again = _settle(run, job, now=now)
    count_state(run, now=now)
    return again


def _count_now_and_then(run: Run, *, now: datetime) -> None:
    """A log may grow without end: what it takes is looked at while it does, one pass in so many."""
    if int(now.timestamp()) % COUNT_EVERY == 0 and is_disk_limited():
        count_state(run, now=now)


def _clear(run: Run, job: Job | None) -> timedelta | None:
    """Wait until the last process is gone: it could write again what was removed."""
    if job is not None and (job.status not in ENDED_JOBS or job.next_check_at is not None):
        return STEADY
    remove_state(run)
    return None


def _note(run: Run, *, now: datetime) -> None:
    state = read_state(run)
    fields: dict[str, object] = {}
    if state.progress.total:
        fields["progress"] = counts_of(state.progress)
    if run.status == RunStatus.PENDING and has_started(run, state):
        change_status(run=run, new=RunStatus.RUNNING, now=now, datetime_started=state.started_at or now, **fields)
    elif fields and fields["progress"] != run.progress:
        Run.objects.filter(pk=run.pk, status=run.status).update(**fields)


def _settle(run: Run, job: Job, *, now: datetime) -> timedelta | None:
    """Say how a run ended whose job has ended; a runner that was torn away is followed by another one."""
    state = read_state(run)
    outcome, message = verdict(job, state)
    if outcome is None and run.jobs_started < MOST_JOBS:
        return _go_on(run, job, now=now)
    if outcome is None:
        outcome, message = RunStatus.FAILED, f"It was torn away {run.jobs_started} times. {job.message}"
    ended = state.finished_at or job.datetime_end or now
    times = {"datetime_stopped" if outcome is RunStatus.STOPPED else "datetime_finished": ended}
    started = run.datetime_started or state.started_at or job.datetime_start
    change_status(
        run=run, new=outcome, now=now, message=message, datetime_started=started, **times, **_kept(run, state)
    )
    remove_secrets(state_of(run))
    return None


def verdict(job: Job, state: journal.RunState) -> tuple[RunStatus | None, str]:
    """Return how the run of a job that has ended ended, and why; None: it was torn away, and can go on."""
    if state.status is journal.RunStatus.FINISHED:
        return RunStatus.FINISHED, ""
    if state.status is journal.RunStatus.FAILED:
        return RunStatus.FAILED, state.message
    if job.status == JobStatus.COMPLETE:  # stopped as a job
        return RunStatus.STOPPED, job.message
    if state.status is journal.RunStatus.STOPPED or job.datetime_start is None:  # a limit ended it; or it never began
        return RunStatus.FAILED, job.message
    return None, job.message


def _go_on(run: Run, job: Job, *, now: datetime) -> timedelta | None:
    try:
        with transaction.atomic():
            same = Run.objects.select_for_update(of=("self",)).filter(pk=run.pk, status=run.status, job=job)
            if same.first() is None:  # stopped, or another controller was first
                return SOON
            new = launch(run, now=now)
            Run.objects.filter(pk=run.pk, status=run.status).update(
                job=new, jobs_started=run.jobs_started + 1, message=""
            )
    except UserWorkspacesError as error:
        if is_retryable(error):
            Run.objects.filter(pk=run.pk, status=run.status).update(message=f"{WAITS_TO_GO_ON} {error.message}")
            return TRY_AGAIN
        change_status(run=run, new=RunStatus.FAILED, now=now, message=error.message)
        _keep(run)
        return None
    return SOON


def _keep(run: Run) -> None:
    remove_secrets(state_of(run))
    Run.objects.filter(pk=run.pk).update(**_kept(run, read_state(run)))


def _kept(run: Run, state: journal.RunState) -> dict[str, object]:
    kept: dict[str, object] = {"kept_logs": json.dumps(kept_logs(run, state))}
    if state.progress.total:
        kept["progress"] = counts_of(state.progress)
    return kept
