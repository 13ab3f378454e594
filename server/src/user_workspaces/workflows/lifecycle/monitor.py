"""Monitor runs that have a job: store their progress, and settle them when the job has ended."""

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
from user_workspaces.observability.warning_log import EXPECTED, WARNINGS
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

SOON, STEADY, LATER = timedelta(milliseconds=250), timedelta(seconds=1), timedelta(seconds=30)
RUNS_A_PASS = 200
REST_PER_SECOND = 10
"""Seconds of pause per second that a check took, so that one huge journal does not delay other runs."""
LONGEST_PAUSE = LONGEST_WAIT / 2
WAITS_TO_RESUME = "The run was interrupted and is waiting to resume."
MEASURE_EVERY = 15
"""Seconds between two measurements of a run's state on disk."""
MOST_JOBS = 5
"""Jobs per run: when a runner is killed, another job resumes its run."""


def follow_runs(*, now: datetime) -> int:
    """Check the due runs that are not queued; return their number."""
    followed = Run.objects.exclude(status=RunStatus.QUEUED).select_related("owner", "job").order_by("next_check_at")
    # Two queries, each on one range of `run_followed`: with one OR condition SQLite would read all queued runs.
    in_time = followed.filter(next_check_at__lte=now)
    far_away = followed.filter(due(now=now, longest=LONGEST_WAIT), next_check_at__gt=now + LONGEST_WAIT)
    found = [*in_time[:RUNS_A_PASS], *far_away[:RUNS_A_PASS]]
    claimed = [run for run in found if _claim(run, now=now)]
    for run in claimed:
        _check_run(run, now=now)
    return len(claimed)


def _claim(run: Run, *, now: datetime) -> bool:
    return leases.claim(Run.objects.filter(status=run.status), run, until=now + leases.lease_length())


def _reschedule(run: Run, *, at: datetime | None) -> None:
    """Release the lease and set the next due time, unless another process has changed the run."""
    if leases.release(Run.objects.filter(status=run.status), run, at=at):
        run.next_check_at = at


def _check_run(run: Run, *, now: datetime) -> None:
    """Check one run. No error escapes: a fault in one run must not stop the others."""
    started = time.perf_counter()
    try:
        again = _advance(run, now=now)
        took = timedelta(seconds=(time.perf_counter() - started) * REST_PER_SECOND)
        _reschedule(run, at=None if again is None else now + max(again, min(took, LONGEST_PAUSE)))
    except EXPECTED as error:  # a user's files may be in any state
        WARNINGS.warn(logger, f"run {run.pk}", error)
        _reschedule(run, at=now + LATER)
    except Exception:  # log it, retry later
        logger.exception("run %s: this pass failed; trying again later", run.pk)
        _reschedule(run, at=now + LATER)


def _advance(run: Run, *, now: datetime) -> timedelta | None:
    """Do what is due; return the time until the next check, None if the run is settled."""
    job = run.job
    if run.status == RunStatus.DELETED:
        return _clear(run, job)
    if job is None:
        return None
    if job.status not in ENDED_JOBS:
        _store_progress(run, now=now)
        _measure_now_and_then(run, now=now)
        return SOON if run.status == RunStatus.PENDING else STEADY
    if run.status not in GOING:  # stopped by the user, or an earlier pass was interrupted while settling it
        _store_logs(run)
        count_state(run, now=now)
        return None
    again = _settle(run, job, now=now)
    count_state(run, now=now)
    return again


def _measure_now_and_then(run: Run, *, now: datetime) -> None:
    """Measure the state of a live run now and then, because its logs may grow without limit."""
    # By the clock, without a stored time: a live run is checked about once a second.
    if int(now.timestamp()) % MEASURE_EVERY == 0 and is_disk_limited():
        count_state(run, now=now)


def _clear(run: Run, job: Job | None) -> timedelta | None:
    """Remove the state of a deleted run, but only after its last process is gone: that could write it again."""
    if job is not None and (job.status not in ENDED_JOBS or job.next_check_at is not None):
        return STEADY
    remove_state(run)
    return None


def _store_progress(run: Run, *, now: datetime) -> None:
    state = read_state(run)
    fields: dict[str, object] = {}
    if state.progress.total:
        fields["progress"] = counts_of(state.progress)
    if run.status == RunStatus.PENDING and has_started(run, state):
        change_status(run=run, new=RunStatus.RUNNING, now=now, datetime_started=state.started_at or now, **fields)
    elif fields and fields["progress"] != run.progress:
        Run.objects.filter(pk=run.pk, status=run.status).update(**fields)


def _settle(run: Run, job: Job, *, now: datetime) -> timedelta | None:
    """Record the end of a run whose job has ended, or start another job if the runner was killed."""
    state = read_state(run)
    outcome, message = verdict(job, state)
    if outcome is None and run.jobs_started < MOST_JOBS:
        return _resume(run, job, now=now)
    if outcome is None:
        outcome, message = RunStatus.FAILED, f"The run was interrupted {run.jobs_started} times. {job.message}"
    ended = state.finished_at or job.datetime_end or now
    times = {"datetime_stopped" if outcome is RunStatus.STOPPED else "datetime_finished": ended}
    started = run.datetime_started or state.started_at or job.datetime_start
    change_status(
        run=run, new=outcome, now=now, message=message, datetime_started=started, **times, **_final_columns(run, state)
    )
    # After the status: if this fails, the next check of the ended run removes them (see `_advance`).
    remove_secrets(state_of(run))
    return None


def verdict(job: Job, state: journal.RunState) -> tuple[RunStatus | None, str]:
    """Return the final status of the run of an ended job, and the reason; None if it was killed and can resume."""
    if state.status is journal.JournalStatus.FINISHED:
        return RunStatus.FINISHED, ""
    if state.status is journal.JournalStatus.FAILED:
        return RunStatus.FAILED, state.message
    if job.status == JobStatus.COMPLETE:  # stopped as a job
        return RunStatus.STOPPED, job.message
    # The runner was ended by a limit, or never started: another job would end the same way.
    if state.status is journal.JournalStatus.STOPPED or job.datetime_start is None:
        return RunStatus.FAILED, job.message
    return None, job.message


def _resume(run: Run, job: Job, *, now: datetime) -> timedelta | None:
    try:
        with transaction.atomic():
            # The job is compared as well: it differs if another controller has resumed the run already.
            same = Run.objects.select_for_update(of=("self",)).filter(pk=run.pk, status=run.status, job=job)
            if same.first() is None:  # stopped, or resumed by another controller
                return SOON
            new = launch(run, now=now)
            Run.objects.filter(pk=run.pk, status=run.status).update(
                job=new, jobs_started=run.jobs_started + 1, message=""
            )
    except UserWorkspacesError as error:
        if is_retryable(error):
            Run.objects.filter(pk=run.pk, status=run.status).update(message=f"{WAITS_TO_RESUME} {error.message}")
            return TRY_AGAIN
        change_status(run=run, new=RunStatus.FAILED, now=now, message=error.message)
        _store_logs(run)
        return None
    return SOON


def _store_logs(run: Run) -> None:
    remove_secrets(state_of(run))
    Run.objects.filter(pk=run.pk).update(**_final_columns(run, read_state(run)))


def _final_columns(run: Run, state: journal.RunState) -> dict[str, object]:
    kept: dict[str, object] = {"kept_logs": json.dumps(kept_logs(run, state))}
    if state.progress.total:
        kept["progress"] = counts_of(state.progress)
    return kept
