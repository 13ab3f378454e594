"""A package index, a base and a store of their own, and a workspace: all that preparing an environment takes."""

import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from user_workspaces.accounts.models import User
from user_workspaces.controller.environments import tend_environments
from user_workspaces.environment_store.store import EnvironmentStore
from user_workspaces.environments import layers
from user_workspaces.environments.models import PreparationStatus, PreparedEnvironment
from user_workspaces.interfaces.environment import Base
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeJobType
from user_workspaces.testing.waiting import eventually
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def wheel_of(name: str, version: str, files: dict[str, str], tag: str = "py3-none-any") -> bytes:
    """Return a wheel."""
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    made = {
        **files,
        f"{info}/METADATA": about,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/RECORD": "",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in made.items():
            archive.writestr(path, content)
    return packed.getvalue()


@dataclass
class Index:
    """A package index on loopback."""

    port: int = 0
    wheels: dict[str, bytes] = field(default_factory=dict)
    """By file name."""
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    """Wheels are sent while it is set."""

    def add(
        self, name: str, version: str = "1.0", files: dict[str, str] | None = None, tag: str = "py3-none-any"
    ) -> None:
        """Offer a package."""
        content = wheel_of(name, version, files or {f"{name}.py": f"VERSION = '{version}'\n"}, tag)
        self.wheels[f"{name}-{version}-{tag}.whl"] = content

    def answer(self, path: str) -> bytes | None:
        """Return what is at a path."""
        self.asked.append(path)
        if path.startswith("/files/"):
            self.gate.wait(60)
            return self.wheels.get(path.removeprefix("/files/"))
        project = path.removeprefix("/simple/").strip("/")
        names = [name for name in self.wheels if name.startswith(f"{project.replace('-', '_')}-")]
        links = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
        return f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if names else None


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    """The only index that the builder knows."""
    offered = Index()
    offered.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = offered.answer(self.path)
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.send_header("Content-Length", str(len(content or b"")))
            self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "application/zip")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content or b"")

        do_HEAD = do_GET  # noqa: N815  http.server names it

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        offered.port = server.server_port
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://ada:password@127.0.0.1:{server.server_port}/simple/")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield offered
        offered.gate.set()
        server.shutdown()


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of this Python with one package."""
    folder = tmp_path_factory.mktemp("base")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (folder / "lib" / f"python{PYTHON}" / "site-packages" / "jupyterlab-4.5.dist-info").mkdir()
    return folder


@pytest.fixture
def base(site: Registry, base_folder: Path) -> Base:
    """The site's base: that of its JupyterLab."""
    jupyter_lab = site.job_types.get("jupyter_lab")
    assert isinstance(jupyter_lab, FakeJobType)
    jupyter_lab.brings = Base(base_folder)
    return jupyter_lab.brings


@pytest.fixture
def store(settings: Settings, tmp_path: Path, base: Base) -> Iterator[EnvironmentStore]:
    """A folder of prepared environments, which other accounts may enter."""
    settings.DATA_DIR = settings.DATA_DIR / f"{tmp_path.name}-environments"
    layers.store.cache_clear()
    layers.store().folder.mkdir(mode=0o755, parents=True)
    yield layers.store()
    layers.store.cache_clear()


@pytest.fixture
def put() -> Callable[..., None]:
    """Write a file into a workspace."""

    def write(workspace: Workspace, content: str, path: str = "requirements.txt") -> None:
        upload_file(workspace=workspace, path=path, chunks=[content.encode()], now=timezone.now())

    return write


@pytest.fixture
def workspace(workspace_of: Callable[..., Workspace], person: Callable[[str], User], store: object) -> Workspace:
    """One of Ada's."""
    return workspace_of(person("ada"))


def tend() -> None:
    """Do a pass of the controller, as if all were due."""
    PreparedEnvironment.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
    tend_environments(now=timezone.now())


def settled(workspace: Workspace) -> PreparedEnvironment:
    """Return the preparation of a workspace once the controller has brought it to its end."""

    def look() -> PreparedEnvironment | None:
        tend()
        row = PreparedEnvironment.objects.get(pk=workspace.pk)
        return row if row.status != PreparationStatus.PREPARING else None

    return eventually(look, limit_seconds=60)
