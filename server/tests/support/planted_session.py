"""A session with a small server of the test in place of JupyterLab, which returns what it receives."""

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, unix_serve

from support.live_server import LiveServer

PLANT = """
from datetime import timedelta
from django.utils import timezone
from user_workspaces.accounts.actions import create_user_by_name
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import write_endpoint
from user_workspaces.workspaces.actions import create_workspace
from user_workspaces.workspaces.details import Details
now = timezone.now()
person = create_user_by_name(username={username!r})
person.set_password({password!r})
person.email = {username!r} + "@example.org"
person.save()
workspace = create_workspace(
    owner=person, name="w", description="", default_job_type="", details=Details(), now=now
)
job = Job.objects.create(
    owner=person, workspace=workspace, job_type="jupyter_lab", resource="local", status="running", submitted=True,
    datetime_created=now, datetime_start=now, datetime_ready=now, next_check_at=None,
    endpoint=write_endpoint(Endpoint({path!r}, {uid})),
)
print(job.pk)
"""
PASSWORD = "a-long-password-of-a-test"


@dataclass(frozen=True)
class PlantedSession:
    """A running session of `username`, who logs in to the portal with `PASSWORD`."""

    job_id: int
    username: str

    @property
    def path(self) -> str:
        """The base path of the session, with a slash at the end."""
        return f"/passthrough/local/{self.job_id}/"


@contextmanager
def planted_session(server: LiveServer) -> Iterator[PlantedSession]:
    """Serve a session of the server's user until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="uws-planted-") as folder:
        path = str(Path(folder) / "socket")
        with unix_serve(_echo, path, process_request=_describe_request) as serving:
            thread = threading.Thread(target=serving.serve_forever)
            thread.start()
            filled = PLANT.format(username=server.username, password=PASSWORD, path=path, uid=os.geteuid())
            try:
                printed = server.manage("shell", "--no-imports", "-c", filled)
                yield PlantedSession(int(printed.splitlines()[-1]), server.username)
            finally:
                serving.shutdown()
                thread.join()


def _describe_request(_connection: ServerConnection, request: Request) -> Response | None:
    """Return the received head of the request as the response, or None to continue with a WebSocket."""
    if "upgrade" in request.headers.get("Connection", "").lower():
        return None
    body = json.dumps([request.path, *request.headers.raw_items()]).encode()
    return Response(200, "OK", Headers({"Content-Length": str(len(body)), "Connection": "close"}), body)


def _echo(connection: ServerConnection) -> None:
    assert connection.request is not None
    connection.send(json.dumps([connection.request.path, *connection.request.headers.raw_items()]))
    for message in connection:
        connection.send(message)
