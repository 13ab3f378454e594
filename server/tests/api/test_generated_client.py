"""A client that openapi-python-client generates from the committed schema works with a running server."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from support.live_server import LiveServer, live_server_process
from support.server_process import REPOSITORY

GENERATOR = Path(sys.executable).with_name("openapi-python-client")
SPECIFICATION = REPOSITORY / "user-workspaces-spec.yaml"
NAME = "generated_uws_client"
NOT_KNOWN_TO_THE_GENERATOR = ["PATCH /workspaces/{workspace_id}/tus/{upload_id}/"]
"""The generator does not support the media type of tus, which has its own clients."""
CONTENT = bytes(range(256)) * 1000

pytestmark = [pytest.mark.slow, pytest.mark.soak]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Generate the package, make it importable, and yield the generator's output."""
    folder = tmp_path_factory.mktemp("generated")
    command = [str(GENERATOR), "generate", "--path", str(SPECIFICATION), "--meta", "none"]
    command += ["--output-path", str(folder / NAME)]
    environment = {**os.environ, "PATH": f"{GENERATOR.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield done.stdout + done.stderr
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process(controller=False) as running:
        yield running


@pytest.fixture(scope="module")
def ask(generated: str, server: LiveServer) -> "Iterator[Ask]":
    asking = Ask(server)
    with asking.client.get_httpx_client():
        yield asking


class Ask:
    """The functions of the generated package, for a user with a token."""

    def __init__(self, server: LiveServer) -> None:
        package = importlib.import_module(NAME)
        body = self.model("Credentials")(
            client_token=server.manage("create_client_token", "portal"),
            user_info=self.model("CredentialsUserInfo").from_dict(
                {"username": server.username, "email": f"{server.username}@example.org"}
            ),
        )
        self.client: Any = package.Client(base_url=server.url)
        with self.client.get_httpx_client():
            token = self("tokens.tokens_post", body=body).token
        self.client = package.AuthenticatedClient(
            base_url=server.url, token=token, prefix="Token", auth_header_name="UWS-Authorization"
        )

    def model(self, name: str) -> Any:
        """Return a model class of the package."""
        return getattr(importlib.import_module(f"{NAME}.models"), name)

    def __call__(self, operation: str, *arguments: object, **named: object) -> Any:
        """Call a function of the package; return the parsed response."""
        return importlib.import_module(f"{NAME}.api.{operation}").sync(*arguments, client=self.client, **named)

    def file(self, content: bytes, name: str | None = None) -> Any:
        """Return a file object of the package."""
        return importlib.import_module(f"{NAME}.types").File(payload=BytesIO(content), file_name=name)


@pytest.fixture(scope="module")
def workspace_id(ask: Ask) -> int:
    made = ask("workspaces.workspaces_post", body=ask.model("NewWorkspace")(name="generated", description=""))
    assert made.success
    number: int = made.data.workspace.id
    return number


def test_every_operation_is_generated(generated: str) -> None:
    told = [
        line.partition("parsing ")[2].partition(" within")[0] for line in generated.splitlines() if "WARNING" in line
    ]
    assert told == NOT_KNOWN_TO_THE_GENERATOR


def test_a_file_is_saved_and_read(ask: Ask, workspace_id: int) -> None:
    path = "results/raw data.bin"
    saved = ask("workspaces.file_detail_put", workspace_id, path, body=ask.file(CONTENT))
    assert (saved.success, saved.data.entry.size) == (True, len(CONTENT))
    assert ask("workspaces.file_detail_get", workspace_id, path).payload.read() == CONTENT


def test_files_are_uploaded_and_listed(ask: Ask, workspace_id: int) -> None:
    body = ask.model("WorkspaceUploadPutBody")()
    body["files"] = ask.file(b"a,b\n", "table.csv")
    assert ask("workspaces.workspace_upload_put", workspace_id, body=body).success
    assert ask("workspaces.file_detail_get", workspace_id, "table.csv").payload.read() == b"a,b\n"
    listed = ask("workspaces.files_get", workspace_id).data
    assert "table.csv" in [entry.name for entry in listed.entries]


def test_lists_and_public_responses_are_parsed(ask: Ask, workspace_id: int) -> None:
    assert [one.id for one in ask("workspaces.workspaces_get").data.workspaces] == [workspace_id]
    assert ask("jobs.jobs_get").data.jobs == []
    assert ask("status.status_get").dependencies.main_resource.connected
    assert set(ask("job_types.job_types_get").data.job_types.to_dict()) == {"jupyter_lab", "local_test"}
    assert ask("quotas.quotas_get").success


def test_errors_are_parsed(ask: Ask, workspace_id: int) -> None:
    refused = ask("workspaces.file_detail_get", workspace_id, "missing.txt")
    assert (refused.success, type(refused).__name__) == (False, "ErrorResponse")


def test_launch_is_parsed(ask: Ask, workspace_id: int) -> None:
    options = {"num_cpus": 1, "memory_mb": 2048, "time_limit_min": 60}
    body = ask.model("Launch").from_dict({"job_type": "local_test", "resource_options": options})
    job = ask("workspaces.workspace_start_put", workspace_id, body=body).data.job
    assert job.job_details.request_job_details.resource_options.to_dict() == options
    assert ask("jobs.job_stop_put", job.id).success
