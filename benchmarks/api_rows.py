"""Creates the users and rows for `api.py`: `manage.py shell -c "import api_rows; api_rows.fill(...)"`."""

import json
import uuid
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from user_workspaces.accounts.actions import create_user_by_name, mint_token
from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

RUNNING = 3
BATCH = 1000


def fill(maker: str, *, few: int, many: int) -> None:
    """Create four users, two with workspaces and jobs, one with runs, and print their tokens as JSON."""
    now, tokens = timezone.now(), {}
    for name, username, count in (("few", "few", few), ("many", "many", many), ("maker", maker, 0)):
        user = create_user_by_name(username=username)
        tokens[name] = mint_token(user=user, name="benchmark", now=now, lifetime=timedelta(days=1))
        make_rows(user, count=count, now=now)
    runner = create_user_by_name(username="runner")
    tokens["runner"] = mint_token(user=runner, name="benchmark", now=now, lifetime=timedelta(days=1))
    make_runs(runner, count=many, now=now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # autovacuum does this within minutes
    print(json.dumps(tokens))


def make_rows(user: User, *, count: int, now: datetime) -> None:
    """Create workspaces with five entries each, and a job in each; the newest three are running and ready."""
    names = [{"name": f"/notes/{number}.md"} for number in range(3)]
    links = [{"name": "/survey"}, {"name": "/atlas"}]
    workspaces = Workspace.objects.bulk_create(
        [
            Workspace(
                owner=user,
                name=f"cell-atlas-{number}",
                description="Second pass over the plates of last week, with the new thresholds.",
                status=WorkspaceStatus.IDLE,
                storage="local",
                disk_space=number * 4096,
                requested={"files": names, "symlinks": links},
                current={"files": names, "symlinks": links},
                datetime_created=now,
                datetime_last_modified=now,
                datetime_last_job_launch=now,
            )
            for number in range(count)
        ],
        batch_size=BATCH,
    )
    jobs = [
        _job(user, workspace, now=now, runs=count - location <= RUNNING)
        for location, workspace in enumerate(workspaces)
    ]
    Job.objects.bulk_create(jobs, batch_size=BATCH)


def _job(user: User, workspace: Workspace, *, now: datetime, runs: bool) -> Job:
    return Job(
        owner=user,
        workspace=workspace,
        job_type="jupyter_lab",
        resource="local",
        status="running" if runs else "complete",
        requested={"job_details": {}, "resource_options": {"num_cpus": 2, "memory_mb": 4096}},
        cpus=2,
        time_limit_seconds=3600,
        submitted=True,
        resource_job_id=4711,
        message="Webserver ready." if runs else "Stopped.",
        datetime_created=now - timedelta(minutes=10),
        datetime_start=now - timedelta(minutes=9),
        datetime_ready=now - timedelta(minutes=8),
        datetime_end=None if runs else now,
        core_hours=0 if runs else "1.50000",
    )


def make_runs(user: User, *, count: int, now: datetime) -> None:
    """Create runs of four commands, each in its own workspace; every fifth failed in its last command."""
    workspaces = Workspace.objects.bulk_create(
        [
            Workspace(
                owner=user,
                name=f"run-{number}",
                status=WorkspaceStatus.IDLE,
                storage="local",
                disk_space=number * 4096,
                holds_runs=True,
                datetime_created=now,
                datetime_last_modified=now,
            )
            for number in range(count)
        ],
        batch_size=BATCH,
    )
    runs = [_run(user, workspace, number, now=now) for number, workspace in enumerate(workspaces)]
    Run.objects.bulk_create(runs, batch_size=BATCH)


def _run(user: User, workspace: Workspace, number: int, *, now: datetime) -> Run:
    commands = [str(uuid.uuid4()) for _ in range(4)]
    return Run(
        owner=user,
        workspace=workspace,
        name=f"fit-{number}",
        major=1,
        status=RunStatus.FINISHED,
        specification="{}",
        resource="local",
        storage="local",
        progress={
            "total": 4,
            "running": commands,
            "finished": commands[: 4 if number % 5 else 3],
            "failed": commands[4 if number % 5 else 3 :],
            "current_command": "python fit.py --order 3",
            "current_step_name": "fit",
        },
        datetime_created=now + timedelta(seconds=number),
        datetime_queued=now,
        datetime_started=now,
        datetime_finished=now,
    )
