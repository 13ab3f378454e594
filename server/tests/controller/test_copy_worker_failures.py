"""Failed copies: each reports the reason, leaves no partial copy, and can be retried or declined."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from controller.conftest import UseStorage
from support.fake_copies import make_copies, now_of, offer, state_of
from user_workspaces.accounts.models import User
from user_workspaces.controller import copy_worker
from user_workspaces.controller.copy_worker import CopyPool
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import NotAllowed
from user_workspaces.interfaces.values import Identity, SystemAccount
from user_workspaces.plugins.storage.local_file_system.plugin import LocalFileSystemStorage
from user_workspaces.registry import Registry
from user_workspaces.sharing.actions import retry, withdraw
from user_workspaces.sharing.models import Share
from user_workspaces.testing.failing_storages import StorageThatFailsDuringCopy
from user_workspaces.testing.fake_user_authentication import SharedAccount
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.share_copies import fill_copy

pytestmark = pytest.mark.django_db(transaction=True)
Person = Callable[..., User]
Make = Callable[..., Workspace]


def test_a_full_disk_is_reported_and_leaves_no_files(
    use_storage: UseStorage, make_user: Person, workspace_of: Make, grace: User
) -> None:
    full = use_storage(StorageThatFailsDuringCopy)
    original = workspace_of(make_user("ada"), "w", Details(files=(NewFile("a", b"1"), NewFile("b", b"2"))))
    share = offer(original, grace)
    make_copies()
    share = now_of(share)
    assert (share.state, share.message, share.copy.status) == ("failed", "The disk is full.", "error")
    assert list(full._workspaces) == [f"ada/{original.pk}"]
    assert CopyPool().process_due(now=timezone.now() + timedelta(days=1)) == 0
    retry(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    assert state_of(share) == "failed"
    withdraw(user=grace, share_id=share.pk, now=timezone.now())
    make_copies()
    process_due_workspaces(now=timezone.now())
    assert not Share.objects.exists()


@pytest.fixture
def small_disk(site: Registry, tmp_path: Path) -> Iterator[Path]:
    """The root of the storage, on a mounted disk of eight megabytes."""
    storage = site.storages.get("local")
    assert isinstance(storage, LocalFileSystemStorage)
    storage.check()
    root = Path(storage._locations.root)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", str(root)], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip("NOT RUN: a disk can be mounted by root only")
    yield root
    subprocess.run(["umount", "-l", str(root)], check=True)


@pytest.mark.root
def test_a_full_real_disk_is_reported_and_leaves_no_files(
    small_disk: Path, make_user: Person, workspace_of: Make, grace: User
) -> None:
    original = workspace_of(
        make_user("ada"), "w", Details(files=tuple(NewFile(f"f{n}", b"x" * 10**6) for n in range(5)))
    )
    share = offer(original, grace)
    make_copies()
    assert "The disk is full." in now_of(share).message
    assert not (small_disk / "grace" / str(share.pk)).exists()


def test_an_unexpected_error_is_reported_and_does_not_stop_other_copies(
    original: Workspace, make_user: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = fill_copy, [RuntimeError("a bug")]

    def surprising(**arguments: Any) -> Workspace:
        if left:
            raise left.pop()
        return real(**arguments)

    monkeypatch.setattr(copy_worker, "fill_copy", surprising)
    offer(original, make_user("grace"), make_user("eve"))
    make_copies()
    found = sorted(Share.objects.values_list("state", "message"))
    assert found == [("failed", "Something went wrong inside the server."), ("ready", "")]


class OnlyAdaHasAnAccount(SharedAccount):
    """An authentication in which only ada has a system account."""

    def account_for(self, identity: Identity) -> SystemAccount:
        if identity.username != "ada":
            raise NotAllowed(f"{identity.username} has no account on this machine.")
        return super().account_for(identity)


def test_a_receiver_without_an_account_is_reported(original: Workspace, grace: User, site: Registry) -> None:
    site.user_authentications.add("local", OnlyAdaHasAnAccount.build("local"))
    share = offer(original, grace)
    make_copies()
    assert now_of(share).message == "grace has no account on this machine."
    withdraw(user=original.owner, share_id=share.pk, now=timezone.now())
    make_copies()
    process_due_workspaces(now=timezone.now())
    assert list(Workspace.objects.all()) == [original]
