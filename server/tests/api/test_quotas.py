"""`/quotas/`, and the responses to requests beyond a quota."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from api.conftest import Caller, launch
from api.multipart import CONTENT_TYPE, form, part
from user_workspaces.jobs.models import Job
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.values import GIBIBYTE
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
BLOCK = 4096
Put = Callable[..., None]


def upload(ada: Caller, workspace: Workspace, *parts: bytes) -> tuple[int, str]:
    response = ada("PUT", f"/workspaces/{workspace.pk}/upload/", form(*parts), content_type=CONTENT_TYPE)
    return response.status, response.message


def files_of(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def test_unlimited_quotas_show_usage_only(ada: Caller, job: Job) -> None:
    response = ada("GET", "/quotas/")
    assert (response.status, response.message) == (200, "")
    assert response.body["data"] == {
        "quotas": {
            "disk": {"limit": None, "used": 0, "reserved": 0, "left": None, "frees_at": None},
            "core_hours": {
                "limit": None, "used": "0", "reserved": "4", "left": None, "frees_at": None, "period_days": 30,
            },
            "running_sessions": {"limit": None, "used": 1, "reserved": 0, "left": None, "frees_at": None},
        },
        "contact": "",
    }  # fmt: skip


def test_quotas_show_remaining_amounts_and_time_of_release(ada: Caller, workspace: Workspace, limit: Put) -> None:
    limit(
        disk_gb=Decimal(1), core_hours=Decimal(100), running_sessions=3, contact="it@example.org",
        core_hours_period=timedelta(days=7),
    )  # fmt: skip
    end = timezone.now() - timedelta(days=2)
    Job.objects.filter(pk=launch(workspace).pk).update(
        status="complete", core_hours=Decimal(31), datetime_start=end, datetime_end=end
    )
    launch(workspace)
    Workspace.objects.update(disk_space=GIBIBYTE // 4)
    data = ada("GET", "/quotas").body["data"]
    hours = data["quotas"]["core_hours"]
    assert data["contact"] == "it@example.org"
    assert data["quotas"]["disk"]["left"] == GIBIBYTE * 3 // 4
    assert {name: hours[name] for name in ("limit", "used", "reserved", "left")} == {
        "limit": "100", "used": "31", "reserved": "4", "left": "65",
    }  # fmt: skip
    assert parse_datetime(hours["frees_at"]) == end + timedelta(days=7)
    assert data["quotas"]["running_sessions"]["left"] == 2


def test_exceeded_disk_quota_is_reported(ada: Caller, workspace: Workspace, limit: Put) -> None:
    limit(disk_gb=Decimal(1))
    Workspace.objects.update(disk_space=GIBIBYTE * 2)
    response = ada("GET", "/quotas/")
    assert response.message.startswith("You use 2 GiB of disk; your quota is 1 GiB.")
    assert response.body["data"]["quotas"]["disk"]["left"] == 0


def test_quotas_need_the_same_queries_for_many_rows(ada: Caller, workspace_of: Callable[..., Workspace]) -> None:
    counts = []
    for number in range(4):
        launch(workspace_of(ada.user, f"w{number}"))
        with CaptureQueriesContext(connection) as queries:
            ada("GET", "/quotas/")
        counts.append(len(queries))
    assert counts[1:] == [counts[1]] * 3


def test_launch_beyond_the_quota_is_refused(ada: Caller, workspace: Workspace, limit: Put) -> None:
    limit(running_sessions=1, contact="it@example.org")
    path = f"/workspaces/{workspace.pk}/start/"
    assert ada("PUT", path, {"job_type": "local_test"}).status == 200
    response = ada("PUT", path, {"job_type": "local_test"})
    assert response.status == 403
    assert response.body == {
        "success": False,
        "message": "You have 1 of 1 sessions. Stop one. For more, ask it@example.org.",
    }


def test_workspace_beyond_the_quota_is_refused(ada: Caller, limit: Put) -> None:
    limit(disk_gb=Decimal(BLOCK) / GIBIBYTE)
    details = {"files": [{"name": "a", "content": "b"}]}
    response = ada("POST", "/workspaces/", {"name": "a", "description": "", "workspace_details": details})
    assert (response.status, response.message[:23]) == (403, "This needs 8 KiB on dis")
    assert not Workspace.objects.exists()
    assert ada("POST", "/workspaces/", {"name": "a", "description": ""}).status == 200


def test_upload_beyond_the_quota_writes_no_file(ada: Caller, workspace: Workspace, limit: Put) -> None:
    limit(disk_gb=Decimal(3 * BLOCK) / GIBIBYTE)
    four = [part(name, b"x" * BLOCK) for name in "abcd"]
    status, message = upload(ada, workspace, *four)
    assert (status, message[:32]) == (403, "This needs 16 KiB on disk, and 12"[:32])
    assert files_of(workspace) == []
    assert upload(ada, workspace, *four[:3])[0] == 200
    assert upload(ada, workspace, four[3])[0] == 403
    assert files_of(workspace) == ["a", "b", "c"]
    assert DiskReservation.objects.count() == 3


def test_oversized_body_is_refused_before_reading_it(ada: Caller, workspace: Workspace, limit: Put) -> None:
    limit(disk_gb=Decimal(BLOCK) / GIBIBYTE)
    length = {"CONTENT_LENGTH": str(10 * 1024**2)}
    path = f"/workspaces/{workspace.pk}/upload/"
    response = ada("PUT", path, b"not even a form", content_type=CONTENT_TYPE, **length)
    assert (response.status, response.message[:25]) == (403, "This needs 9 MiB on disk,")


@pytest.mark.parametrize("length", ["", "-1", "x", "1e9", "\u0663"])
def test_invalid_content_length_is_ignored(ada: Caller, workspace: Workspace, limit: Put, length: str) -> None:
    limit(disk_gb=Decimal(BLOCK) / GIBIBYTE)
    path = f"/workspaces/{workspace.pk}/upload/"
    response = ada("PUT", path, form(part("a", b"1")), content_type=CONTENT_TYPE, CONTENT_LENGTH=length)
    assert response.status in {200, 400}
