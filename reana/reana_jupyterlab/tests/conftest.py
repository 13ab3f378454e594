"""Fixtures: a real Jupyter server with the extension, and a fake REANA with faults on request."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_server.serverapp import ServerApp

from reana_jupyterlab.reana import Credentials, ReanaClient
from reana_jupyterlab.reana.transport import Limits
from reana_jupyterlab.tests.fake_faults import make_certificate
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana
from reana_jupyterlab.tests.fake_routes import ROUTES

pytest_plugins = ["pytest_jupyter.jupyter_server"]

QUICK = Limits(connect=2, read=2, total=4, logs=20, tries=3, first_pause=0.01, longest_pause=0.05)


@pytest.fixture
def reana() -> Iterator[FakeReana]:
    server = FakeReana(ROUTES)
    yield server
    server.stop()


@pytest.fixture
def modern_reana() -> Iterator[FakeReana]:
    server = FakeReana(ROUTES, modern=True)
    yield server
    server.stop()


@pytest.fixture
def client_for(jp_asyncio_loop: Any) -> Iterator[Callable[..., ReanaClient]]:
    made: list[ReanaClient] = []

    def make(server: FakeReana, *, token: str = TOKEN, limits: Limits = QUICK) -> ReanaClient:
        made.append(ReanaClient(Credentials(server.url, token), limits=limits))
        return made[-1]

    yield make
    for client in made:
        jp_asyncio_loop.run_until_complete(client.aclose())


@pytest.fixture
def client(reana: FakeReana, client_for: Callable[..., ReanaClient]) -> ReanaClient:
    return client_for(reana)


@dataclass(frozen=True)
class Response:
    """A response of the extension."""

    status: int
    text: str
    headers: httpx.Headers

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Lab:
    """The Jupyter server, as a browser sees it that is signed in."""

    def __init__(self, http: httpx.AsyncClient, root: Path, app: ServerApp) -> None:
        self.http, self.root, self.app = http, root, app

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Response:
        content = None if body is None else json.dumps(body)
        answer = await self.http.request(method, path, content=content, **more)
        return Response(answer.status_code, answer.text, answer.headers)

    async def get(self, path: str, **more: Any) -> Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: object = None) -> Response:
        return await self.ask("POST", path, {} if body is None else body)

    async def ended(self, identifier: str) -> Any:
        """Wait until a transfer has ended."""
        transfer: Any = {"state": "running", "version": 0}
        while transfer["state"] == "running":
            transfer = (await self.get(f"transfers/{identifier}?since={transfer['version']}&wait=20")).json
        return transfer


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"reana_jupyterlab": True}},
        "ReanaJupyterLab": {
            "profiles_file": str(tmp_path / "profiles.json"),
            "connect_timeout": 2,
            "read_timeout": 2,
            "total_timeout": 4,
            "retry_pause": 0.01,
            "follow_interval": 0.05,
        },
    }


@pytest.fixture
def lab_alone(
    jp_serverapp: ServerApp,
    http_server: Any,
    http_server_port: Any,
    jp_base_url: str,
    jp_auth_header: dict[str, str],
    jp_root_dir: Path,
    jp_asyncio_loop: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:
    """Jupyter without any REANA credentials."""
    for name in ("REANA_SERVER_URL", "REANA_ACCESS_TOKEN", "REANA_CREDENTIALS_FILE", "REANA_CA_FILE"):
        # Set first, so that values set by a test are removed at its end.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    base = f"http://127.0.0.1:{http_server_port[-1]}{jp_base_url}reana_jupyterlab/"
    http = httpx.AsyncClient(base_url=base, headers=jp_auth_header, timeout=60)
    yield Lab(http, jp_root_dir, jp_serverapp)
    jp_asyncio_loop.run_until_complete(http.aclose())
    jp_asyncio_loop.run_until_complete(jp_serverapp.web_app.settings["reana_jupyterlab"].aclose())


@pytest.fixture
def lab(lab_alone: Lab, reana: FakeReana, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Jupyter, connected to the REANA of the tests."""
    monkeypatch.setenv("REANA_SERVER_URL", reana.url)
    monkeypatch.setenv("REANA_ACCESS_TOKEN", TOKEN)
    return lab_alone


@pytest.fixture
def analysis(lab_alone: Lab) -> Path:
    """A small serial analysis in the folder `hello` of Jupyter's root."""
    folder = lab_alone.root / "hello"
    write_analysis(folder)
    return folder


SPECIFICATION = """\
version: 0.9.4
inputs:
  files:
    - code/hello.py
    - data/names.txt
  parameters:
    out: results/greetings.txt
    sleeptime: 0.2
outputs:
  files:
    - results/greetings.txt
workflow:
  type: serial
  specification:
    steps:
      - name: hello
        environment: docker.io/library/python:3.12-slim
        kubernetes_memory_limit: 256Mi
        commands:
          - python3 code/hello.py "${out}" ${sleeptime}
"""


def write_analysis(folder: Path, text: str = SPECIFICATION) -> None:
    for name, content in {"code/hello.py": "print('hello')\n", "data/names.txt": "Jane\n", "reana.yaml": text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


@pytest.fixture
def secure(tmp_path: Path) -> Callable[[FakeReana], Path]:
    """Give the fake REANA a self-signed certificate; return its file."""

    def make(server: FakeReana) -> Path:
        certificate, key = make_certificate(tmp_path)
        server.encrypt(certificate, key)
        return certificate

    return make
