"""Uploads of unknown size reserve quota step by step."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.errors import QuotaExceeded
from user_workspaces.quotas import reservation
from user_workspaces.quotas.queries import held_disk
from user_workspaces.quotas.values import GIBIBYTE
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
BLOCK = 4096


@pytest.fixture
def workspace(
    make_user: Callable[..., User],
    workspace_of: Callable[..., Workspace],
    limit: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Workspace:
    """Return an empty workspace whose owner has ten blocks, with steps of two blocks."""
    made = workspace_of(make_user())
    limit(disk_gb=Decimal(10 * BLOCK) / GIBIBYTE)
    monkeypatch.setattr(reservation, "STEP", 2 * BLOCK)
    return made


def held(workspace: Workspace) -> int:
    return held_disk(workspace.owner_id, now=timezone.now()) // BLOCK


def stream(workspace: Workspace, sizes: list[int], seen: list[int] | None = None) -> Iterator[bytes]:
    for size in sizes:
        if seen is not None:
            seen.append(held(workspace))
        yield b"x" * size


def test_next_step_is_reserved_when_the_last_one_is_full(workspace: Workspace) -> None:
    seen: list[int] = []
    chunks = stream(workspace, [BLOCK, BLOCK, 1, BLOCK, 3 * BLOCK, 1], seen)
    upload_file(workspace=workspace, path="d/a", chunks=chunks, now=timezone.now())
    assert seen == [3, 3, 3, 5, 5, 8]  # one block is the directory
    assert held(workspace) == 8


def test_last_step_is_what_is_left(workspace: Workspace) -> None:
    upload_file(workspace=workspace, path="a", chunks=stream(workspace, [BLOCK] * 10), now=timezone.now())
    assert held(workspace) == 10


def test_upload_beyond_the_quota_fails_and_releases_all(workspace: Workspace) -> None:
    with pytest.raises(QuotaExceeded):
        upload_file(workspace=workspace, path="a", chunks=stream(workspace, [BLOCK] * 10 + [1]), now=timezone.now())
    assert held(workspace) == 0


def test_second_upload_fits_between_two_steps(workspace: Workspace) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * BLOCK
        upload_file(workspace=workspace, path="b", chunks=[b"y" * 6 * BLOCK], size=6 * BLOCK, now=timezone.now())
        yield b"x" * 3 * BLOCK

    upload_file(workspace=workspace, path="a", chunks=chunks(), now=timezone.now())
    assert held(workspace) == 10
