"""A copy gets the lock of the original's environment, and nothing else of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from base_environments import base_environment
from support.fake_copies import make_copies, now_of, offer
from user_workspaces.accounts.models import User
from user_workspaces.environments import layers
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.registry import Registry
from user_workspaces.sharing.models import ShareState
from user_workspaces.workspaces.actions import measure
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.files import find_entry, open_file
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Workspace]
PACKAGES = ".environment/base/python3.11/lib/python3.11/site-packages"
INSTALLED = NewFile(f"{PACKAGES}/crab-1.0.dist-info/RECORD", b"")


@pytest.fixture(autouse=True)
def base(site: Registry, tmp_path: Path, settings: Any) -> Iterator[None]:
    """A base of Python 3.11 with one package."""
    with base_environment(site, tmp_path, settings):
        yield


def copied(original: Workspace, grace: User) -> Workspace:
    measure(original)
    share = offer(original, grace)
    make_copies()
    assert now_of(share).state == ShareState.READY
    return now_of(share).copy


def content(workspace: Workspace, path: str) -> str:
    with open_file(workspace=workspace, path=path).content as file:
        return file.read().decode()


def test_copy_gets_the_lock_of_installed_packages(make_user: Callable[..., User], workspace_of: Make) -> None:
    original = workspace_of(make_user("ada"), "w", Details(files=(NewFile("a", b"1"), INSTALLED)))
    copy = copied(original, make_user("grace"))
    assert content(copy, "environment.lock").splitlines()[2:] == ["crab==1.0", "jupyterlab==4.5.0"]
    assert find_entry(workspace=copy, path=".environment") is None
    assert {"name": "/environment.lock"} in copy.current["files"]


def test_copy_gets_the_lock_of_a_prepared_environment(
    make_user: Callable[..., User], workspace_of: Make, tmp_path: Path
) -> None:
    original = workspace_of(make_user("ada"))
    python = str((tmp_path / "base" / "bin" / "python").resolve())
    PreparedEnvironment.objects.create(
        workspace=original,
        status="ready",
        layer="workspace-1",
        layer_interpreter=python,
        datetime_requested=timezone.now(),
    )
    layers.store().path_of("workspace-1").mkdir(parents=True)
    (layers.store().path_of("workspace-1") / ".complete").touch()
    (layers.store().path_of("workspace-1") / "lock.txt").write_text("lobster==2.0\n")
    assert "lobster==2.0" in content(copied(original, make_user("grace")), "environment.lock")


def test_copy_of_a_workspace_without_packages_gets_no_lock(make_user: Callable[..., User], workspace_of: Make) -> None:
    copy = copied(workspace_of(make_user("ada"), "w", Details(files=(NewFile("a", b"1"),))), make_user("grace"))
    assert find_entry(workspace=copy, path="environment.lock") is None


def test_existing_lock_file_is_kept(make_user: Callable[..., User], workspace_of: Make) -> None:
    files = (NewFile("environment.lock", b"mine==1\n"), INSTALLED)
    copy = copied(workspace_of(make_user("ada"), "w", Details(files=files)), make_user("grace"))
    assert content(copy, "environment.lock") == "mine==1\n"
