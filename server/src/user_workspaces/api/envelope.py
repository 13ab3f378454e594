"""The object that every answer is: `success`, `message`, and the result under `data`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from orjson import Fragment
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.api.rendering import NoBody, as_json
from user_workspaces.errors import InvalidRequest
from user_workspaces.rows import Condition, RawRow, count_rows, page_of_raw_rows, raw_parts

MOST_DIGITS = 18
SUCCESSFUL = "Successful."
"""What clients compare: of a list that found something, a new workspace, a new share."""
Row = TypeVar("Row", bound=Model)


def answer(message: str = "", *, data: Mapping[str, object] | None = None, **further: object) -> Response:
    """Return a success."""
    body: dict[str, object] = {"success": True, "message": message, **further}
    if data is not None:
        body["data"] = data
    return Response(body)


def refusal(message: str, status: int) -> Response:
    """Return a failure."""
    return Response({"success": False, "message": message}, status=status)


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; empty when there was no body."""
    return dict(request.data)


def order_of(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; raises `InvalidRequest` when there was no body: `{}` is one."""
    if request.stream is None or isinstance(request.data, NoBody):  # no parser is asked without a length
        raise InvalidRequest("The request has no body: send a JSON object.")
    return dict(request.data)


def text_in(body: Mapping[str, object], name: str) -> str | None:
    """Return a text field, or None when it is not there."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a string.")
    return value


def number_in(text: str, name: str) -> int:
    """Return a number from the query."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise InvalidRequest(f"{name} must be a number.")
    return int(text)


def filters_in(request: Request, *, texts: tuple[str, ...], numbers: tuple[str, ...]) -> dict[str, object]:
    """Return the exact filters of the query that are allowed here, by field."""
    wanted: dict[str, object] = {}
    for name in texts:
        if name in request.query_params:
            wanted[name] = request.query_params[name].replace("\0", "")
    for name in numbers:
        if name in request.query_params:
            wanted[name] = _signed(request.query_params[name], name)
    return wanted


def _signed(text: str, name: str) -> int:
    return -number_in(text[1:], name) if text.startswith("-") else number_in(text, name)


def page(
    rows: QuerySet[Row], request: Request, *, key: str, empty: str, shape: Callable[[QuerySet[Row]], list[Any]]
) -> Response:
    """Return a list under `key`; `limit` and `offset` cut it, without them the whole list comes."""
    cut = _cut(request)
    if cut is None:
        shaped = shape(rows)
        return _whole(shaped, len(shaped), key=key, empty=empty)
    offset, limit = cut
    total = count_rows(rows)
    shaped = shape(rows[offset : None if limit is None else offset + limit])
    return _part(shaped, request, key=key, empty=empty, total=total, cut=cut)


def raw_page(
    rows: QuerySet[Row] | Condition,
    request: Request,
    *,
    key: str,
    empty: str,
    columns: tuple[str, ...],
    shape: Callable[[list[RawRow]], list[Any]],
) -> Response:
    """Return the same for a list that may be long: `shape` gets the columns as `rows.raw_rows` reads them."""
    cut = _cut(request)
    if cut is None:
        shaped, total = _in_parts(map(shape, raw_parts(rows, columns)))
        return _whole(shaped, total, key=key, empty=empty)
    offset, limit = cut
    found, total = page_of_raw_rows(rows, columns, offset=offset, limit=limit)
    return _part(shape(found), request, key=key, empty=empty, total=total, cut=cut)


def _cut(request: Request) -> tuple[int, int | None] | None:
    """Return the offset, and the limit where there is one; None where the whole list is asked for."""
    asked = request.query_params
    if "limit" not in asked and "offset" not in asked:
        return None
    offset = number_in(asked.get("offset", "0"), "offset")
    return offset, number_in(asked["limit"], "limit") if "limit" in asked else None


def _in_parts(parts: Iterable[list[Any]]) -> tuple[Fragment, int]:
    """Return a list that comes in parts as JSON, and its length; each part is JSON before the next is made."""
    total, texts = 0, list[bytes]()
    for part in parts:
        total += len(part)
        texts.append(as_json(part)[1:-1])
    return Fragment(b"[%s]" % b",".join(texts)), total


def _whole(shaped: list[Any] | Fragment, total: int, *, key: str, empty: str) -> Response:
    return answer(SUCCESSFUL if total else empty, data={key: shaped, "total": total, "next": None, "previous": None})


def _part(
    shaped: list[Any], request: Request, *, key: str, empty: str, total: int, cut: tuple[int, int | None]
) -> Response:
    offset, limit = cut[0], max(total, 1) if cut[1] is None else cut[1]
    found = {
        key: shaped,
        "total": total,
        "next": _link(request, limit, offset + limit) if offset + limit < total and limit else None,
        "previous": _link(request, limit, max(0, offset - limit)) if offset else None,
    }
    return answer(SUCCESSFUL if total else empty, data=found)


def object_in(body: Mapping[str, object], name: str, *, label: str) -> dict[str, Any]:
    """Return an object field; empty when it is not there."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"{label} not JSON.")
    return value


def _link(request: Request, limit: int, offset: int) -> str:
    others = {name: request.query_params[name] for name in request.query_params}
    return f"{request.path}?{urlencode({**others, 'limit': limit, 'offset': offset})}"
