"""Choose the environment of a run's commands: its origin workspace's, the site's, or container images."""

from dataclasses import dataclass

from user_workspaces.jobs.models import Job
from user_workspaces.workflows.lifecycle.plan import ignores_images
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import is_usable

THIS_SITE = "this site"


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """The environment of commands that run without their container images."""

    workspace: Workspace | None
    """The workspace that the run was started from; None: the base environment of the site."""

    @property
    def name(self) -> str:
        """The owner of the environment, as in "the environment of ..." in logs and on pages."""
        return f"workspace {self.workspace.name}" if self.workspace is not None else THIS_SITE


def environment_of(run: Run) -> RunEnvironment | None:
    """Return the environment of a run; None if its commands run in container images."""
    if not ignores_images(run.resource):
        return None
    number = run.origin.get("workspace_id")
    if not isinstance(number, int):
        return RunEnvironment(None)
    # The owner is checked, because a number in JSON has no foreign key.
    own = Workspace.objects.select_related("owner").filter(pk=number, owner_id=run.owner_id).first()
    return RunEnvironment(own if own is not None and is_usable(own) else None)


def name_of_environment(environment: RunEnvironment | None) -> str:
    """Return the name of an environment; empty for None."""
    return environment.name if environment is not None else ""


def environment_of_job(job: Job) -> RunEnvironment | None:
    """Return the environment of a run's job; None also if the job has no run."""
    run = Run.objects.filter(job=job).first()
    return environment_of(run) if run is not None else None
