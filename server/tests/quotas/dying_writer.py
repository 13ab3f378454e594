"""Uploads in a process of its own, prints MOMENT and waits to be killed; arguments: STORAGE WORKSPACE SIZE MOMENT."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "user_workspaces.config.settings"
django.setup()

from django.utils import timezone  # noqa: E402  Django has to be set up first

from user_workspaces import registry  # noqa: E402  Django has to be set up first
from user_workspaces.accounts.queries import find_client  # noqa: E402  Django has to be set up first
from user_workspaces.config import load_config  # noqa: E402  Django has to be set up first
from user_workspaces.registry import Declaration, PluginKind  # noqa: E402  Django has to be set up first
from user_workspaces.testing.fake_user_authentication import SharedAccount  # noqa: E402  Django has to be set up first
from user_workspaces.workspaces import actions  # noqa: E402  Django has to be set up first
from user_workspaces.workspaces.models import Workspace  # noqa: E402  Django has to be set up first


def main(storage: Path, workspace_id: int, size: int, moment: str) -> None:
    """Upload until that moment: `middle` or `after`."""
    use_the_storage_at(storage)
    if moment == "after":
        actions.commit_write = wait_there  # type: ignore[assignment]  # it never returns
    workspace = Workspace.objects.get(pk=workspace_id)
    chunks = contents(size, stops=moment == "middle")
    actions.upload_file(workspace=workspace, path="a", chunks=chunks, size=size, now=timezone.now())


def contents(size: int, *, stops: bool) -> Iterator[bytes]:
    yield b"x" * (size // 2)
    if stops:
        wait_there("middle")
    yield b"x" * (size - size // 2)


def wait_there(moment: object = "after", *_: object, **__: object) -> NoReturn:
    sys.stdout.write("middle\n" if moment == "middle" else "after\n")
    sys.stdout.flush()
    while True:
        signal.pause()


def use_the_storage_at(folder: Path) -> None:
    declared, declarations = load_config.read(None)
    surroundings = registry.Surroundings(folder, folder, find_client)
    built = registry.build((one for one in declarations if one.kind is PluginKind.STORAGE), surroundings)
    kind, plugin = PluginKind.USER_AUTHENTICATION, SharedAccount.build("local")
    built.add(Declaration(kind, "local", type(plugin).__name__, {}, "test.local"), plugin)
    quotas = replace(declared.quotas, disk_gb=Decimal(1))
    registry.install(built, replace(declared, quotas=quotas))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
