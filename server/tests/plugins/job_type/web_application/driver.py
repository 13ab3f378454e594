"""A job of a web application by hand: its directory, and its process in the user's name."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from user_workspaces.interfaces.values import JobContext, JobScript, Limits, PluginContext, SystemAccount
from user_workspaces.plugins.job_type.web_application import WebApplicationJob, WebApplicationOptions
from user_workspaces.plugins.job_type.web_application.options import WebApplicationParameters

BASE = "/passthrough/local/7/"


def make_job_type(base_dir: Path, application: dict[str, Any] | None, **more: Any) -> WebApplicationJob:
    """Return it as the server builds it."""
    context = PluginContext(
        name="an_application",
        base_dir=base_dir,
        data_dir=base_dir / "own",
        runtime_dir=base_dir,
        find_client=lambda _token: None,
    )
    options = {"environment_details": {}, "application": application, **more}
    return WebApplicationJob(context, WebApplicationOptions.model_validate_json(json.dumps(options)))


@dataclass
class Job:
    """One job of the account that runs the tests."""

    job_type: WebApplicationJob
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def context(self) -> JobContext:
        """The context for the job type."""
        return JobContext(
            job_id=7,
            key="k",
            secret="x" * 40,
            account=SystemAccount("me", os.geteuid(), os.getegid(), self.folder),
            workspace=self.folder / "workspace",
            job_directory=self.folder / "job",
            resource="local",
            base_path=BASE,
            limits=Limits(),
            origin="http://s7.localhost:8000",
        )

    def script(self, file: str = "") -> JobScript:
        """Return what it runs."""
        return self.job_type.script(self.context, WebApplicationParameters(file=file))

    def start(self, file: str = "", **environment: str) -> "Job":
        """Start it as a resource does."""
        script = self.script(file)
        for written in script.files:
            path = self.folder / "job" / written.path
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(written.content)
        (self.folder / "job" / "script.sh").write_text(script.text)
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["bash", self.folder / "job" / "script.sh"],
                cwd=self.folder / "workspace",
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and the log."""
        assert self.process is not None
        code = self.process.wait(60)
        return code, (self.folder / "log").read_text()

    def responses(self) -> bool:
        """Return True if it is ready; fails if it has ended."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return self.job_type.endpoint(self.context) is not None


@contextmanager
def job_of(application: dict[str, Any]) -> Iterator[Job]:
    """Make one that is not started yet, in a short folder: sockets have short paths."""
    folder = Path(tempfile.mkdtemp(prefix="uws-", dir="/tmp"))
    (folder / "workspace").mkdir()
    job = Job(make_job_type(folder / "data", application), folder)
    try:
        yield job
    finally:
        if job.process is not None and job.process.poll() is None:
            os.killpg(job.process.pid, signal.SIGKILL)
            job.process.wait()
        shutil.rmtree(folder)
