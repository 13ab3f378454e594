"""Which environment the commands of a run use: that of the workspace it started from, the site's, or their images."""

from dataclasses import dataclass

from user_workspaces.jobs.models import Job
from user_workspaces.workflows.lifecycle.plan import ignores_images
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import is_usable

THIS_SITE = "this site"


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """Whose environment commands use where they run without their container image."""

    workspace: Workspace | None
    """The workspace that the run started from; None: the run uses the base of the site."""

    @property
    def name(self) -> str:
        """Whose it is, in the log of the run and on its page: `the environment of ...`."""
        return f"workspace {self.workspace.name}" if self.workspace is not None else THIS_SITE


def environment_of(run: Run) -> RunEnvironment | None:
    """Return the environment that a run uses; None: its commands run in container images."""
    if not ignores_images(run.resource):
        return None
    number = run.origin.get("workspace_id")
    if not isinstance(number, int):
        return RunEnvironment(None)
    own = Workspace.objects.select_related("owner").filter(pk=number, owner_id=run.owner_id).first()
    return RunEnvironment(own if own is not None and is_usable(own) else None)


def name_of_environment(environment: RunEnvironment | None) -> str:
    """Return whose environment it is; empty: commands run in container images."""
    return environment.name if environment is not None else ""


def environment_of_job(job: Job) -> RunEnvironment | None:
    """Return the same for the job of a run; None also where it has no run (any more)."""
    run = Run.objects.filter(job=job).first()
    return environment_of(run) if run is not None else None
