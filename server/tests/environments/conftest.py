"""Fixtures for preparing environments: a package index, a base, a store and a workspace."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from support.package_index import Index, package_index
from user_workspaces.accounts.models import User
from user_workspaces.controller.environments import process_due_environments
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


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    """The only package index of the builder."""
    with package_index() as offered:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://ada:password@127.0.0.1:{offered.port}/simple/")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield offered


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of this Python with one package."""
    folder = tmp_path_factory.mktemp("base")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (folder / "lib" / f"python{PYTHON}" / "site-packages" / "jupyterlab-4.5.dist-info").mkdir()
    return folder


@pytest.fixture
def base(site: Registry, base_folder: Path) -> Base:
    """The base of the server, which its JupyterLab provides."""
    jupyter_lab = site.job_types.get("jupyter_lab")
    assert isinstance(jupyter_lab, FakeJobType)
    jupyter_lab.brings = Base(base_folder)
    return jupyter_lab.brings


@pytest.fixture
def store(settings: Settings, tmp_path: Path, base: Base) -> Iterator[EnvironmentStore]:
    """An environment store whose folder other accounts can enter."""
    settings.DATA_DIR = settings.DATA_DIR / f"{tmp_path.name}-environments"
    layers.store.cache_clear()
    layers.store().folder.mkdir(mode=0o755, parents=True)
    yield layers.store()
    layers.store.cache_clear()


@pytest.fixture
def put() -> Callable[..., None]:
    """Return a function that writes a file into a workspace."""

    def write(workspace: Workspace, content: str, path: str = "requirements.txt") -> None:
        upload_file(workspace=workspace, path=path, chunks=[content.encode()], now=timezone.now())

    return write


@pytest.fixture
def workspace(workspace_of: Callable[..., Workspace], make_user: Callable[[str], User], store: object) -> Workspace:
    """A workspace of Ada."""
    return workspace_of(make_user("ada"))


def process_due() -> None:
    """Run one pass of the controller, with all rows due."""
    PreparedEnvironment.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
    process_due_environments(now=timezone.now())


def settled(workspace: Workspace) -> PreparedEnvironment:
    """Return the preparation of a workspace after the controller has finished it."""

    def look() -> PreparedEnvironment | None:
        process_due()
        row = PreparedEnvironment.objects.get(pk=workspace.pk)
        return row if row.status != PreparationStatus.PREPARING else None

    return eventually(look, limit_seconds=60)
