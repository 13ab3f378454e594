"""Helpers for tests of workflows: a small specification, runs in the database, and a fake runner."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.config import load_config
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.controller.runs import process_due_runs
from user_workspaces.interfaces.settings import JOB_TYPE_OF_RUNS
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_job_type import FakeJob
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.actions import RunRequest, Start, create_run, start_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.locations import JOURNAL, state_of

OF_WORKFLOWS = (PluginKind.WORKFLOW_ENGINE, PluginKind.CONTAINER_RUNTIME)


def specification(*commands: str, **parameters: object) -> dict[str, Any]:
    """Return a serial workflow of one step."""
    steps = [{"name": "only", "environment": "python:3.12", "commands": list(commands or ("true",))}]
    return {
        "version": "0.9.4",
        "inputs": {"files": ["data.txt"], "parameters": parameters},
        "outputs": {"files": ["results/out.txt"]},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
    }


@contextmanager
def workflows_on(site: Registry, **rules: Any) -> Iterator[Registry]:
    """Add engines, runtimes and the job type of runs to a site; `rules` are its settings for workflows."""
    before = registry.site()
    _, declarations = load_config.read(None)
    surroundings = registry.Surroundings(settings.DATA_DIR, settings.RUNTIME_DIR, lambda _: None)
    built = registry.build([one for one in declarations if one.kind in OF_WORKFLOWS], surroundings)
    for declaration in built.declarations:
        site.add(declaration, built.find(declaration.kind, declaration.name))
    job_type = Declaration(PluginKind.JOB_TYPE, JOB_TYPE_OF_RUNS, "ReanaWorkflowJob", {}, "workflows")
    site.add(job_type, FakeJob.build(JOB_TYPE_OF_RUNS))
    registry.install(site, replace(before, workflows=replace(before.workflows, **rules)))
    yield site
    registry.install(site, before)


def created(owner: User, name: str = "hello", **parameters: object) -> Run:
    """Create a run."""
    request = RunRequest(owner=owner, name=name, document=specification(**parameters))
    return create_run(request, now=timezone.now())


def queued(owner: User, name: str = "hello", **parameters: object) -> Run:
    """Create a run and put it into the queue."""
    return start_run(run=created(owner, name, **parameters), start=Start(), now=timezone.now())


def controlled() -> None:
    """Make all runs and jobs that wait for a check due, and process them as the controller does."""
    Run.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
    process_due_runs(now=timezone.now())
    Job.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
    reconcile_jobs(now=timezone.now())


class Runner:
    """Writes the journal of a run as the runner does, and sets the state of its job on the fake resource."""

    def __init__(self, run: Run, resource: FakeResource) -> None:
        self.run, self._resource = Run.objects.select_related("owner", "job").get(pk=run.pk), resource
        self.command = str(uuid.uuid4())
        self._records: list[dict[str, object]] = []

    @property
    def key(self) -> str:
        """The key of the job that currently executes the run."""
        self.run = Run.objects.select_related("owner", "job").get(pk=self.run.pk)
        assert self.run.job
        return self.run.job.key

    def begin(self, *further: str) -> None:
        """Start the only command, and at the same time any further ones of its step."""
        self._resource.run(self.key)
        about = {"step": 0, "name": "only", "command": "true", "environment": "python:3.12", "compute_backend": "local"}
        self._write("run", runtime="none", jobs=[{"uuid": uuid, **about} for uuid in (self.command, *further)])
        for command in (self.command, *further):
            self._write("start", uuid=command)

    def end(self, status: str = "finished", message: str = "") -> None:
        """End the command and the run."""
        code = 0 if status == "finished" else 1
        self._write("end", uuid=self.command, status=status, exit_code=code, message=message)
        self._write("over", status=status, message="")
        if status == "finished":
            self._resource.succeed(self.key)
        else:
            self._resource.fail(self.key)

    def describe_environment(self, **about: object) -> None:
        """Record the environment of the commands."""
        self._write("environment", **about)

    def print(self, text: str) -> None:
        """Set the output so far."""
        self.print_bytes(text.encode())

    def print_bytes(self, content: bytes) -> None:
        """Set the output so far, which need not be text."""
        state = state_of(self.run)
        state.storage.write(state.location, f"logs/{self.command}.log", [content])

    def _write(self, event: str, **told: object) -> None:
        self._records.append({"event": event, "at": timezone.now().timestamp(), **told})
        state = state_of(self.run)
        lines = "".join(json.dumps(record) + "\n" for record in self._records)
        state.storage.write(state.location, JOURNAL, [lines.encode()])
