"""Parses REANA's untrusted JSON into values: a wrong type raises `InvalidResponse`, never a KeyError."""

from datetime import datetime
from math import isfinite

from .errors import InvalidResponse
from .values import Created, FilePage, Json, JsonObject, Quota, RunName, User, Workflow, WorkflowPage, WorkspaceFile


def an_object(value: Json, *, what: str) -> JsonObject:
    """Return a JSON object, or raise `InvalidResponse`."""
    if not isinstance(value, dict):
        raise InvalidResponse(f"REANA sent an invalid response: {what} is not an object.")
    return value


def a_list(value: Json, *, what: str) -> list[Json]:
    """Return a JSON array, or raise `InvalidResponse`."""
    if not isinstance(value, list):
        raise InvalidResponse(f"REANA sent an invalid response: {what} is not a list.")
    return value


def text(parent: JsonObject, key: str) -> str:
    """Return a required string."""
    value = parent.get(key)
    if not isinstance(value, str):
        raise InvalidResponse(f"REANA sent an invalid response: '{key}' is not a string.")
    return value


def text_or_none(parent: JsonObject, key: str) -> str | None:
    """Return an optional string."""
    return None if parent.get(key) is None else text(parent, key)


def number(parent: JsonObject, key: str, *, default: int | None = None) -> int:
    """Return an integer, or the default if it is absent."""
    value = parent.get(key, default)
    # `bool` is a subclass of `int`: true would count as 1.
    # Python reads NaN and Infinity from JSON, which have no integer.
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InvalidResponse(f"REANA sent an invalid response: '{key}' is not a number.")
    return int(value)


def moment(parent: JsonObject, key: str) -> str | None:
    """Return a time with its zone: REANA omits the zone of its UTC times."""
    value = text_or_none(parent, key)
    return with_zone(value) if value else None


def with_zone(value: str) -> str:
    """Return a time with its zone; invalid times are unchanged."""
    try:
        has_zone = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return value
    return value if has_zone else f"{value}Z"


def workflow_page(value: Json) -> WorkflowPage:
    """Read a page of the list of runs."""
    page = an_object(value, what="the list of workflows")
    items = tuple(workflow(item) for item in a_list(page.get("items"), what="'items'"))
    total = number(page, "total", default=len(items))
    return WorkflowPage(items, total, number(page, "page", default=1), *_neighbours(page))


def workflow(value: Json) -> Workflow:
    """Read one run from the list or from its status."""
    item = an_object(value, what="a workflow")
    progress = an_object(item.get("progress") or {}, what="'progress'")
    size = an_object(item.get("size") or {}, what="'size'")
    return Workflow(
        id=text(item, "id"),
        name=RunName.parse(text(item, "name")),
        status=text(item, "status"),
        created_at=moment(item, "created"),
        started_at=moment(progress, "run_started_at"),
        finished_at=moment(progress, "run_finished_at"),
        stopped_at=moment(progress, "run_stopped_at"),
        finished_jobs=_jobs(progress, "finished"),
        failed_jobs=_jobs(progress, "failed"),
        total_jobs=_jobs(progress, "total"),
        current_step=text_or_none(progress, "current_step_name"),
        current_command=text_or_none(progress, "current_command"),
        size=number(size, "raw", default=-1),
        launcher_url=text_or_none(item, "launcher_url"),
        session_uri=text_or_none(item, "session_uri"),
        owner_email=text_or_none(item, "owner_email") or "",
        shared_with=tuple(str(email) for email in a_list(item.get("shared_with") or [], what="'shared_with'")),
    )


def file_page(value: Json) -> FilePage:
    """Read a page of a workspace's files."""
    page = an_object(value, what="the list of files")
    items = tuple(_file(item) for item in a_list(page.get("items"), what="'items'"))
    total = number(page, "total", default=len(items))
    return FilePage(items, total, number(page, "page", default=1), *_neighbours(page))


def engines(info: JsonObject) -> tuple[str, ...] | None:
    """Return the workflow engines that a server reports; None if it reports none."""
    told = info.get("supported_workflow_engines")
    named = told.get("value") if isinstance(told, dict) else None
    return tuple(str(one) for one in named) if isinstance(named, list) else None


def user(value: Json) -> User:
    """Read the user, without the token that the response repeats."""
    person = an_object(value, what="the user's information")
    quota = an_object(person.get("quota") or {}, what="'quota'")
    return User(
        email=text(person, "email"),
        full_name=text_or_none(person, "full_name") or "",
        version=text_or_none(person, "reana_server_version") or "",
        quota={name: read_quota(value) for name, value in quota.items()},
    )


def read_quota(value: Json) -> Quota:
    """Read one quota; an absent limit is unlimited."""
    quota = an_object(value, what="a quota")
    usage = an_object(quota.get("usage") or {}, what="'usage'")
    limit = an_object(quota.get("limit") or {}, what="'limit'")
    return Quota(
        usage=number(usage, "raw", default=0),
        limit=number(limit, "raw", default=0),
        usage_text=text_or_none(usage, "human_readable") or "",
        limit_text=text_or_none(limit, "human_readable") or "",
        health=text_or_none(quota, "health") or "",
    )


def created(value: Json) -> Created:
    """Read the response to a creation."""
    answer = an_object(value, what="the response to the creation")
    warnings = a_list(answer.get("validation_warnings") or [], what="'validation_warnings'")
    said = tuple(text(an_object(warning, what="a warning"), "message") for warning in warnings)
    return Created(text(answer, "workflow_id"), RunName.parse(text(answer, "workflow_name")), said)


def _file(value: Json) -> WorkspaceFile:
    item = an_object(value, what="a file")
    size = an_object(item.get("size") or {}, what="'size'")
    return WorkspaceFile(text(item, "name"), moment(item, "last-modified"), number(size, "raw", default=-1))


def _jobs(progress: JsonObject, key: str) -> int:
    return number(an_object(progress.get(key) or {}, what=f"'{key}'"), "total", default=0)


def _neighbours(page: JsonObject) -> tuple[bool, bool]:
    return bool(page.get("has_next")), bool(page.get("has_prev"))
