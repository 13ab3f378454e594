"""The object that every answer is: `success`, `message`, and the result under `data`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.api.renderers import InPieces, NoBody, as_json
from user_workspaces.db.raw_lists import Condition, RawRow, page_in_raw_parts, raw_parts
from user_workspaces.errors import InvalidRequest

MOST_DIGITS = 18
SUCCESSFUL = "Successful."
"""What clients compare: of a list that found something, a new workspace, a new share."""
Row = TypeVar("Row", bound=Model)


def success(message: str = "", *, data: Mapping[str, object] | None = None, **further: object) -> Response:
    """Return a success."""
    body: dict[str, object] = {"success": True, "message": message, **further}
    if data is not None:
        body["data"] = data
    return Response(body)


def failure(message: str, status: int) -> Response:
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
        return _listed(shaped, key=key, empty=empty, figures=_page_fields(request, total=len(shaped), cut=None))
    offset, limit = cut
    total = rows.count()
    shaped = shape(rows[offset : None if limit is None else offset + limit])
    return _listed(shaped, key=key, empty=empty, figures=_page_fields(request, total=total, cut=cut))


def raw_page(
    rows: QuerySet[Row] | Condition,
    request: Request,
    *,
    key: str,
    empty: str,
    columns: tuple[str, ...],
    shape: Callable[[list[RawRow]], list[Any]],
) -> HttpResponse:
    """Return the same for a list that may be long: `shape` gets the columns as `rows.raw_rows` reads them.

    A part of it is JSON before the next is read, and all parts are sent as they are.
    """
    cut = _cut(request)
    if cut is None:
        pieces, total = _pieces(map(shape, raw_parts(rows, columns)))
        return _in_pieces(pieces, key=key, empty=empty, figures=_page_fields(request, total=total, cut=None))
    parts, total = page_in_raw_parts(rows, columns, offset=cut[0], limit=cut[1])
    pieces, _ = _pieces(map(shape, parts))
    return _in_pieces(pieces, key=key, empty=empty, figures=_page_fields(request, total=total, cut=cut))


def _cut(request: Request) -> tuple[int, int | None] | None:
    """Return the offset, and the limit where there is one; None where the whole list is asked for."""
    asked = request.query_params
    if "limit" not in asked and "offset" not in asked:
        return None
    offset = number_in(asked.get("offset", "0"), "offset")
    return offset, number_in(asked["limit"], "limit") if "limit" in asked else None


def _pieces(parts: Iterable[list[Any]]) -> tuple[list[bytes], int]:
    """Return what is between the brackets of a list that comes in parts as JSON, and the list's length."""
    total, texts = 0, list[bytes]()
    for part in parts:
        total += len(part)
        texts.append((b",%s" if texts else b"%s") % as_json(part)[1:-1])
    return texts, total


def _in_pieces(pieces: list[bytes], *, key: str, empty: str, figures: Mapping[str, object]) -> HttpResponse:
    """Return what `_listed` does, of a list that is JSON already."""
    begin = as_json({"success": True, "message": SUCCESSFUL if figures["total"] else empty})
    first = b'%s,"data":{%s:[' % (begin[:-1], as_json(key))
    return InPieces([first, *pieces, b"],%s}" % as_json(figures)[1:]])


def _listed(shaped: list[Any], *, key: str, empty: str, figures: Mapping[str, object]) -> Response:
    return success(SUCCESSFUL if figures["total"] else empty, data={key: shaped, **figures})


def _page_fields(request: Request, *, total: int, cut: tuple[int, int | None] | None) -> dict[str, object]:
    """Return what comes with a list: its whole length, and the way to the parts of it before and after this one."""
    if cut is None:
        return {"total": total, "next": None, "previous": None}
    offset, limit = cut[0], max(total, 1) if cut[1] is None else cut[1]
    return {
        "total": total,
        "next": _link(request, limit, offset + limit) if offset + limit < total and limit else None,
        "previous": _link(request, limit, max(0, offset - limit)) if offset else None,
    }


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
