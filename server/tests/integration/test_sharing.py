"""Sharing a workspace between two system accounts, with real files and killed controllers."""

import os
import pwd
import signal
from typing import Any

import pytest

from support.server_process import GRACE, Caller, RunningServer, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.environment]


def offer(sender: Caller, workspace: int) -> int:
    users = sender.call("GET", "/users/", params={"search": GRACE})["users"]
    body = {"original_workspace_id": workspace, "shared_user_ids": [users[0]["id"]]}
    (share,) = sender.call("POST", "/shared_workspaces/", json=body)["shared_workspaces"]
    number: int = share["shared_workspace_id"]["id"]
    return number


def ready(receiver: Caller, number: int) -> dict[str, Any] | None:
    (share,) = receiver.call("GET", f"/shared_workspaces/{number}/")["shared_workspaces"]
    return share if share["copy_details"]["state"] == "ready" else None


def test_copy_belongs_to_the_receiver(server: RunningServer, ada: Caller, grace: Caller) -> None:
    number = offer(ada, ada.make_workspace("shared"))
    wait_for(lambda: ready(grace, number), what="the copy")
    assert number not in {workspace["id"] for workspace in grace.call("GET", "/workspaces/")["workspaces"]}
    grace.call("PUT", f"/shared_workspaces/{number}/accept/")
    (own,) = grace.call("GET", f"/workspaces/{number}/")["workspaces"]
    assert own["workspace_details"]["current_workspace_details"]["files"] == [{"name": "/notes.txt"}]
    (folder,) = (server.data_dir / "workspaces").glob(f"*/{number}")
    owner = pwd.getpwnam(GRACE).pw_uid if os.geteuid() == 0 else os.geteuid()
    assert {path.stat().st_uid for path in (folder, folder / "notes.txt")} == {owner}
    assert folder.stat().st_mode & 0o077 == 0
    grace.call("DELETE", f"/workspaces/{number}/")
    wait_for(lambda: not folder.exists(), what="the end of the copy")


@pytest.mark.soak
def test_copy_survives_a_controller_kill(server: RunningServer, ada: Caller, grace: Caller) -> None:
    workspace = ada.make_workspace("large")
    (folder,) = (server.data_dir / "workspaces").glob(f"*/{workspace}")
    for part in range(40):
        path = folder / f"part{part}.bin"
        path.write_bytes(os.urandom(1_000_000))
        os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    number = offer(ada, workspace)
    pid = server.pids()["controller"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: server.pids()["controller"] != pid, what="another controller")
    wait_for(lambda: ready(grace, number), within=120, what="the copy")
    (copied,) = (server.data_dir / "workspaces").glob(f"*/{number}")
    names = sorted(path.name for path in folder.iterdir())
    assert sorted(path.name for path in copied.iterdir()) == names
    assert [(copied / name).read_bytes() == (folder / name).read_bytes() for name in names] == [True] * len(names)
    grace.call("DELETE", f"/shared_workspaces/{number}/")
    wait_for(lambda: not copied.exists(), what="the end of the copy")
