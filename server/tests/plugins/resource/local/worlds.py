"""Shared by the tests of this resource: directories and users."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from user_workspaces.interfaces.values import Client, JobFile, JobScript, JobSpec, Limits, PluginContext, SystemAccount
from user_workspaces.plugins.resource.local import LocalResource, processes, records
from user_workspaces.plugins.resource.local.options import ConnectionDetails, LocalResourceOptions
from user_workspaces.plugins.resource.local.processes import Process
from user_workspaces.plugins.resource.local.records import Running
from user_workspaces.plugins.resource.local.state import JobState

IS_ROOT = os.getuid() == 0


def make_user(uid: int = 21_001) -> SystemAccount:
    uid, gid = (uid, uid) if IS_ROOT else (os.getuid(), os.getgid())
    return SystemAccount(name=f"uws-test-{uid}", uid=uid, gid=gid, home=Path("/nonexistent"))


def no_client(_token: str) -> Client | None:
    return None


@dataclass(frozen=True)
class World:
    """One resource's folders, and a place for workspaces; a picklable thing, for other processes."""

    base: Path
    grace: int = 1

    def resource(self, *, max_log_bytes: int = 1 << 20, server_url: str = "", **further: Any) -> LocalResource:
        """Return the resource as a new process of the server would build it."""
        details = ConnectionDetails(stop_grace_seconds=self.grace, max_log_bytes=max_log_bytes, **further)
        context = PluginContext(
            "local", self.base, self.base / "data", self.base / "run", no_client, server_url=server_url
        )
        return LocalResource(context, LocalResourceOptions(connection_details=details))

    def spec(
        self,
        text: str = "sleep 600",
        *,
        files: Sequence[JobFile] = (),
        environment: Sequence[tuple[str, str]] = (),
        limits: Limits = Limits(),  # noqa: B008  it is frozen
        account: SystemAccount | None = None,
    ) -> JobSpec:
        """Return a job with a new key and a workspace of its own."""
        account, key = account or make_user(), secrets.token_hex(16)
        workspace = self.base / f"workspace-{key[:8]}"
        workspace.mkdir()
        os.chown(workspace, account.uid, account.gid)
        script = JobScript(text, tuple(files), tuple(environment))
        return JobSpec(key, 7, "a job", account, workspace, script, limits)

    def state(self, key: str) -> JobState:
        """Return a job's state folder."""
        return JobState(self.base / "data" / key)

    def running(self, key: str) -> Running:
        """Return who runs a job."""
        found = self.state(key).running()
        assert found is not None
        return found

    def rewrite_running(self, key: str, **changes: object) -> None:
        """Forge the record of who runs a job, as if it were another's or of another time."""
        path = self.state(key).folder / records.RUNNING
        path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))


def is_dead(process: Process) -> bool:
    return not processes.is_alive(process)


def read_pid(path: Path) -> Process | None:
    """Return the process whose pid a job wrote into a file; None before it did."""
    text = path.read_text() if path.exists() else ""
    return processes.identify(int(text)) if text.endswith("\n") else None
