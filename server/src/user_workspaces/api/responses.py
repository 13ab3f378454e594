"""Responses with the common fields `success`, `message` and `data`, their pagination, and reading request bodies."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.api.renderers import ChunkedJsonResponse, NoBody, as_json
from user_workspaces.db.raw_lists import Condition, RawRow, page_in_raw_parts, raw_parts
from user_workspaces.errors import InvalidRequest

# Every number of 18 digits fits into 64 bits, as databases store it.
MOST_DIGITS = 18
SUCCESSFUL = "Successful."
"""Clients compare this message: of a list with items, a new workspace, a new share."""
Row = TypeVar("Row", bound=Model)
Window = tuple[int, int | None]
"""Offset and limit; None: no limit."""


def success(message: str = "", *, data: Mapping[str, object] | None = None, **further: object) -> Response:
    """Return a response for a successful request."""
    body: dict[str, object] = {"success": True, "message": message, **further}
    if data is not None:
        body["data"] = data
    return Response(body)


def failure(message: str, status: int) -> Response:
    """Return a response for an error."""
    return Response({"success": False, "message": message}, status=status)


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; empty without a body."""
    return dict(request.data)


def required_body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; raises `InvalidRequest` without a body (`{}` is a body)."""
    if request.stream is None or isinstance(request.data, NoBody):  # without a length the framework calls no parser
        raise InvalidRequest("The request has no body: send a JSON object.")
    return dict(request.data)


def text_in(body: Mapping[str, object], name: str) -> str | None:
    """Return a text field; None if it is missing. Raises `InvalidRequest`."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a string.")
    return value


def number_in(text: str, name: str) -> int:
    """Return a number of the query; raises `InvalidRequest`."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise InvalidRequest(f"{name} must be a number.")
    return int(text)


def filters_in(request: Request, *, texts: tuple[str, ...], numbers: tuple[str, ...]) -> dict[str, object]:
    """Return the supported filters of the query, by field."""
    wanted: dict[str, object] = {}
    for name in texts:
        if name in request.query_params:
            # PostgreSQL rejects NUL characters, which no stored text contains.
            wanted[name] = request.query_params[name].replace("\0", "")
    for name in numbers:
        if name in request.query_params:
            wanted[name] = _signed(request.query_params[name], name)
    return wanted


def _signed(text: str, name: str) -> int:
    return -number_in(text[1:], name) if text.startswith("-") else number_in(text, name)


def page(
    rows: QuerySet[Row], request: Request, *, key: str, empty: str, describe: Callable[[QuerySet[Row]], list[Any]]
) -> Response:
    """Return the page of a list that `limit` and `offset` ask for, under `key`; without them the whole list."""
    window = _window(request)
    # The whole list counts itself, which saves the query for the total.
    if window is None:
        items = describe(rows)
        return _list_response(items, key=key, empty=empty, fields=_page_fields(request, len(items), None))
    offset, limit = window
    total = rows.count()
    items = describe(rows[offset : None if limit is None else offset + limit])
    return _list_response(items, key=key, empty=empty, fields=_page_fields(request, total, window))


def raw_page(
    rows: QuerySet[Row] | Condition,
    request: Request,
    *,
    key: str,
    empty: str,
    columns: tuple[str, ...],
    describe: Callable[[list[RawRow]], list[Any]],
) -> HttpResponse:
    """Return what `page` does, for long lists; `describe` gets the columns as `raw_lists.raw_rows` reads them.

    Rows are read and converted to JSON in chunks, so that neither all rows nor all objects are in memory at once.
    """
    window = _window(request)
    if window is None:
        chunks, total = _json_chunks(map(describe, raw_parts(rows, columns)))
        return _chunked_response(chunks, key=key, empty=empty, fields=_page_fields(request, total, None))
    parts, total = page_in_raw_parts(rows, columns, offset=window[0], limit=window[1])
    chunks, _ = _json_chunks(map(describe, parts))
    return _chunked_response(chunks, key=key, empty=empty, fields=_page_fields(request, total, window))


def _window(request: Request) -> Window | None:
    """Return offset and limit of the query; None if the client asks for the whole list."""
    asked = request.query_params
    if "limit" not in asked and "offset" not in asked:
        return None
    offset = number_in(asked.get("offset", "0"), "offset")
    return offset, number_in(asked["limit"], "limit") if "limit" in asked else None


def _json_chunks(parts: Iterable[list[Any]]) -> tuple[list[bytes], int]:
    """Return the JSON between the brackets of a list, in chunks, and the number of its items."""
    total, texts = 0, list[bytes]()
    for part in parts:
        total += len(part)
        # The brackets are cut off, so that the parts join to one list. No part is empty, so no comma is doubled.
        texts.append((b",%s" if texts else b"%s") % as_json(part)[1:-1])
    return texts, total


def _chunked_response(chunks: list[bytes], *, key: str, empty: str, fields: Mapping[str, object]) -> HttpResponse:
    """Return what `_list_response` does, for a list that is JSON already."""
    # The closing brace is cut off here and added after the items, which are JSON already.
    begin = as_json({"success": True, "message": SUCCESSFUL if fields["total"] else empty})
    first = b'%s,"data":{%s:[' % (begin[:-1], as_json(key))
    return ChunkedJsonResponse([first, *chunks, b"],%s}" % as_json(fields)[1:]])


def _list_response(items: list[Any], *, key: str, empty: str, fields: Mapping[str, object]) -> Response:
    return success(SUCCESSFUL if fields["total"] else empty, data={key: items, **fields})


def _page_fields(request: Request, total: int, window: Window | None) -> dict[str, object]:
    """Return the total and the links to the next and the previous page."""
    if window is None:
        return {"total": total, "next": None, "previous": None}
    offset, limit = window[0], max(total, 1) if window[1] is None else window[1]
    return {
        "total": total,
        "next": _link(request, limit, offset + limit) if offset + limit < total and limit else None,
        "previous": _link(request, limit, max(0, offset - limit)) if offset else None,
    }


def object_in(body: Mapping[str, object], name: str, *, label: str) -> dict[str, Any]:
    """Return an object field; empty if it is missing. Raises `InvalidRequest`."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest(f"{label} not JSON.")
    return value


def _link(request: Request, limit: int, offset: int) -> str:
    others = {name: request.query_params[name] for name in request.query_params}
    return f"{request.path}?{urlencode({**others, 'limit': limit, 'offset': offset})}"
