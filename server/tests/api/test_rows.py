"""Raw rows equal Django's on both databases, and unsupported querysets are refused."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from api.conftest import Caller, launch
from user_workspaces.accounts.models import User
from user_workspaces.api.jobs import COLUMNS, describe_job, describe_jobs
from user_workspaces.api.renderers import OrjsonRenderer
from user_workspaces.db.raw_lists import (
    OWNER_PLACEHOLDER,
    PerOwnerQuery,
    iso,
    json,
    moment,
    page_of_raw_rows,
    raw_rows,
    uuid_text,
    values_by_key,
)
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
EXACT = datetime(2026, 2, 28, 23, 59, 59, 7, tzinfo=UTC)
WHOLE = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)


def rendered(data: object) -> object:
    return orjson.loads(OrjsonRenderer().render(data))


@pytest.mark.parametrize("time", [EXACT, WHOLE, EXACT + timedelta(microseconds=499_993)])
def test_times_are_read_to_the_microsecond(workspace: Workspace, time: datetime) -> None:
    Workspace.objects.update(datetime_created=time, datetime_last_job_launch=None)
    ((created, launched),) = raw_rows(Workspace.objects.all(), ("datetime_created", "datetime_last_job_launch"))
    assert (moment(created), moment(launched), iso(launched)) == (time, None, None)
    shown = iso(created)
    assert shown is not None
    assert shown == time.isoformat()


@pytest.mark.parametrize(
    "value",
    [
        {"files": [], "symlinks": []},
        {"files": [{"name": 'a"b\\c/é\u2028😀'}], "symlinks": [{"name": "x", "path": "/\u0001"}]},
        {"deep": [[[{"x": [1, 2.5, True, None]}]]], "": ""},
    ],
)
def test_json_is_passed_through_unchanged(workspace: Workspace, value: dict[str, object]) -> None:
    Workspace.objects.update(current=value)
    ((current,),) = raw_rows(Workspace.objects.all(), ("current",))
    assert rendered({"here": json(current)}) == {"here": value}


def test_raw_jobs_equal_models(ada: Caller, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ada.user is not None
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _size: "same")  # two tickets always differ
    for number, status in enumerate(("pending", "running", "stopping", "complete", "failed")):
        job = launch(workspace, "jupyter_lab")
        times = {} if status == "pending" else {"datetime_start": EXACT, "datetime_ready": WHOLE}
        end = {"datetime_end": EXACT + timedelta(hours=1)} if number > 2 else {}
        Job.objects.filter(pk=job.pk).update(
            status=status, core_hours="1.23456", cpus=3, time_limit_seconds=60, **times, **end
        )
    jobs = Job.objects.order_by("id")
    now = EXACT + timedelta(hours=2)
    raw = [rendered(row) for row in describe_jobs(raw_rows(jobs, COLUMNS), user=ada.user, now=now, may_open=True)]
    assert raw == [rendered(describe_job(job, user=ada.user, now=now)) for job in jobs]
    assert len(raw) == 5


def test_secret_columns_are_not_read() -> None:
    assert not {"secret", "endpoint", "log_tail", "key"} & set(COLUMNS)


def both(rows: QuerySet[Workspace]) -> tuple[list[int], list[int]]:
    return [number for (number,) in raw_rows(rows, ("id",))], [workspace.pk for workspace in rows]


def test_raw_rows_equal_querysets(workspace_of: Callable[..., Workspace], ada: Caller) -> None:
    numbers = [workspace_of(ada.user, name).pk for name in ("b", "a", "c", "a")]
    rows = Workspace.objects.filter(owner=ada.user)
    for asked in (
        rows.order_by("-id"),
        rows.order_by("name", "-id"),
        rows.order_by("-id")[1:3],
        rows.order_by("-pk")[2:],
        rows.order_by("id")[5:],
        rows.order_by("id")[2:2],
        rows.filter(name="a").exclude(pk=numbers[1]).order_by("id"),
        rows.filter(pk__in=[]).order_by("id"),
        Workspace.objects.order_by("id"),
        Workspace.objects.none(),
    ):
        raw, plain = both(asked)
        assert raw == plain
    totals = [
        page_of_raw_rows(asked, ("id",), offset=0, limit=0)[1] for asked in (rows, rows.filter(name="a"), rows.none())
    ]
    assert totals == [4, 2, 0]


@pytest.mark.parametrize(
    ("offset", "limit", "shown", "queries"),
    [
        (0, None, [3, 2, 1, 0], 1),
        (0, 2, [3, 2], 1),
        (1, 2, [2, 1], 1),
        (3, 10, [0], 1),
        (2, None, [1, 0], 1),
        (4, 1, [], 2),
        (9, None, [], 2),
        (1, 0, [], 1),
    ],
)
def test_page_has_the_total(
    workspace_of: Callable[..., Workspace],
    ada: Caller,
    mallory: Caller,
    offset: int,
    limit: int | None,
    shown: list[int],
    queries: int,
) -> None:
    numbers = [workspace_of(ada.user, name).pk for name in ("100%", "a", "100%", "a")]
    workspace_of(mallory.user, "a")
    rows = Workspace.objects.filter(owner=ada.user, name__in=["100%", "a"]).order_by("-id")
    with CaptureQueriesContext(connection) as asked:
        found, total = page_of_raw_rows(rows, ("id", "name"), offset=offset, limit=limit)
    assert [number for number, _ in found] == [numbers[location] for location in shown]
    assert total == 4
    assert len(asked) == queries
    assert page_of_raw_rows(rows.none(), ("id",), offset=0, limit=2) == ([], 0)


def test_precompiled_list_is_limited_to_its_owner(
    workspace_of: Callable[..., Workspace], ada: Caller, mallory: Caller
) -> None:
    own = [workspace_of(ada.user, name).pk for name in ("a", "b", "c")]
    other = workspace_of(mallory.user, "a").pk
    listed = PerOwnerQuery(
        lambda owner: Workspace.objects.filter(owner_id=owner, name__in=["a", "b", "c"]).order_by("-id")
    )
    assert ada.user is not None
    assert mallory.user is not None
    for _ in range(2):
        assert raw_rows(listed.of(ada.user.pk), ("id",)) == [(number,) for number in reversed(own)]
        assert raw_rows(listed.of(mallory.user.pk), ("id",)) == [(other,)]
    with CaptureQueriesContext(connection) as asked:
        assert page_of_raw_rows(listed.of(ada.user.pk), ("id",), offset=1, limit=1) == ([(own[1],)], 3)
    assert len(asked) == 1
    assert page_of_raw_rows(listed.of(OWNER_PLACEHOLDER), ("id",), offset=0, limit=1) == ([], 0)


def test_long_list_is_complete(
    workspace_of: Callable[..., Workspace], ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.db.raw_lists.ROWS_AT_ONCE", 2)
    numbers: list[int] = []
    for length in range(6):
        listed = ada("GET", "/workspaces/").body["data"]
        assert [row["id"] for row in listed["workspaces"]] == numbers[::-1]
        assert listed["total"] == len(numbers) == length
        numbers.append(workspace_of(ada.user, "a").pk)


@pytest.mark.parametrize("asked", [Q(), Q(pk__in=[]), ~Q(owner_id=7)])
def test_list_without_an_owner_is_refused(asked: Q) -> None:
    with pytest.raises(ValueError, match="owner"):
        PerOwnerQuery(lambda _owner: Workspace.objects.filter(asked)).of(1)


def test_times_are_ordered_as_times(workspace_of: Callable[..., Workspace], ada: Caller) -> None:
    early, late = (workspace_of(ada.user, name) for name in ("early", "late"))
    Workspace.objects.filter(pk=early.pk).update(datetime_created=datetime(999, 12, 31, tzinfo=UTC))
    Workspace.objects.filter(pk=late.pk).update(datetime_created=datetime(9999, 12, 31, tzinfo=UTC))
    rows = Workspace.objects.order_by("datetime_created")
    with CaptureQueriesContext(connection) as asked:
        found = raw_rows(rows, ("id", "datetime_created"))
    assert [number for number, _ in found] == [early.pk, late.pk]
    assert 'ORDER BY "workspaces_workspace"."datetime_created"' in asked[0]["sql"]


def test_values_by_key_skip_missing_rows(
    workspace_of: Callable[..., Workspace], ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {workspace_of(ada.user, name).pk: name for name in ("a", "b", "c")}
    assert values_by_key(Workspace, "name", [*names, max(names) + 1]) == names
    assert values_by_key(Workspace, "name", []) == {}
    monkeypatch.setattr("user_workspaces.db.raw_lists.KEYS_AT_ONCE", 2)
    assert values_by_key(Workspace, "name", names) == names


@pytest.mark.parametrize("spelling", ["b4a4a9d0-1c5e-4f7a-9a55-0c1d2e3f4a5b", "b4a4a9d01c5e4f7a9a550c1d2e3f4a5b"])
def test_uuids_are_normalized(spelling: str) -> None:
    assert uuid_text(spelling) == "b4a4a9d0-1c5e-4f7a-9a55-0c1d2e3f4a5b"


def test_unsupported_querysets_are_refused(workspace: Workspace) -> None:
    rows = Workspace.objects.order_by("id")
    for asked in (
        rows.filter(owner__username="ada"),
        rows.annotate(jobs_count=Count("jobs")),
        rows.distinct(),
        rows.union(rows),
        rows.order_by(F("name").desc()),
    ):
        with pytest.raises(ValueError, match="read raw"):
            raw_rows(asked, ("id",))


def test_values_are_not_sql(ada: Caller, workspace_of: Callable[..., Workspace]) -> None:
    for name in ("'; DROP TABLE workspaces_workspace; --", "100%s", "%(x)s", '"'):
        workspace_of(ada.user, name)
        found = [shown for (shown,) in raw_rows(Workspace.objects.filter(name=name), ("name",))]
        assert found == [name]


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/workspaces/", 2),
        ("/jobs/", 2),
        ("/users/", 2),
        ("/workspaces/?limit=2", 2),
        ("/jobs/?limit=2", 2),
        ("/jobs/?status=pending&job_type=local_test", 2),
        ("/workspaces/?limit=0", 2),
    ],
)
def test_lists_take_the_same_queries_for_one_row_and_three(
    ada: Caller, make_user: Callable[[str], User], workspace_of: Callable[..., Workspace], path: str, queries: int
) -> None:
    """One query for the token, one for the rows with the total."""
    ada("GET", path)  # the first use of a token is recorded
    for number in range(3):
        launch(workspace_of(ada.user, f"w{number}"))
        make_user(f"p{number}")
        if number in {0, 2}:
            with CaptureQueriesContext(connection) as found:
                ada("GET", path)
            assert len(found) == queries, [query["sql"] for query in found]
