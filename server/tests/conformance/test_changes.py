"""Live status follows every change: somebody watches while somebody acts."""

import json
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from conformance.engine import Walker

pytestmark = [pytest.mark.slow, pytest.mark.data]
PATIENCE = 60.0


@pytest.mark.parametrize("path", ["/jobs/{job}/", "/jobs/{job}", "/jobs/", "/jobs"])
def test_every_change_is_told(walk: Walker, path: str) -> None:
    headers = {"UWS-Authorization": f"Token {walk.memory['ada_token']}"}
    with httpx.Client(base_url=walk.target.url, headers=headers, timeout=PATIENCE) as ada:
        made = ada.post("/workspaces/", json={"name": "watched", "description": ""}).json()["data"]["id"]
        asked = {"job_type": walk.memory["job_type"], "resource_options": walk.memory["options"]}
        job = ada.put(f"/workspaces/{made}/start/", json=asked).json()["data"]["job"]["id"]
        uri = f"ws{walk.target.url.removeprefix('http')}{path.format(job=job)}"
        told = list[dict[str, Any]]()
        with connect(uri, additional_headers=headers, open_timeout=PATIENCE, proxy=None) as socket:
            while not told or told[-1]["status"] != "complete":
                message = json.loads(socket.recv(timeout=PATIENCE))
                if message.get("id", job) == job:
                    told.append(message)
                    if message["status"] == "running" and "stopping" not in {one["status"] for one in told}:
                        ada.put(f"/jobs/{job}/stop/")
        ada.delete(f"/workspaces/{made}/?force=true")
    statuses = list(dict.fromkeys(one["status"] for one in told))
    since_running = statuses[1:] if statuses[0] == "pending" else statuses  # it may have been by the time of connecting
    assert since_running in (["running", "stopping", "complete"], ["running", "complete"])
    assert all(one["current_job_details"]["message"] for one in told)
