"""Rows for the long lists, as the database keeps them: nothing is taken apart to be put together again.

What Django makes of each value (a dictionary of JSON, a datetime of a text) and of each query costs several times what
the answer itself does. Here the condition of a queryset is Django's, and around it stands a plain SELECT whose times
and JSON come as text and go into the answer as such.
"""

from datetime import datetime
from functools import cache
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, JSONField, Model, QuerySet
from django.db.models.sql import Query
from orjson import Fragment

AS_TEXT = (DateTimeField, JSONField)
WHOLE_SECOND, MICROSECOND = len("23:59:59"), len("23:59:59.999999")


RawRow = tuple[Any, ...]


def raw_rows(rows: QuerySet[Any], columns: tuple[str, ...]) -> list[RawRow]:
    """Return these columns of all rows, without Django's conversions: times and JSON as text, decimals as they come.

    For querysets of one table that are ordered by its columns; raises `ValueError` for any other.
    """
    model: type[Model] = rows.model
    connection, selected = connections[rows.db], _selected(model, columns)
    order = _order(rows.query)
    return _fetched(connection, rows.query, selected, order + _slice(rows.query, connection), again=order)


def page_of_raw_rows(
    rows: QuerySet[Any], columns: tuple[str, ...], *, offset: int, limit: int | None
) -> tuple[list[RawRow], int]:
    """Return `limit` of the rows (None: all) after the first `offset`, as above, and how many there are without a cut.

    One query tells both: each row comes with their number, and only an empty page has to ask for it.
    """
    cut = rows[offset : None if limit is None else offset + limit]
    model: type[Model] = rows.model
    connection, order = connections[rows.db], _order(rows.query)
    tail = order + _slice(cut.query, connection)
    found = _fetched(connection, cut.query, _selected(model, columns), tail, again=order, counted=True)
    if found:
        return [row[:-1] for row in found], int(found[0][-1])
    return [], count_rows(rows) if offset or limit == 0 else 0


def count_rows(rows: QuerySet[Any]) -> int:
    """Return how many there are; of a plain queryset (as above, not sliced) a little faster than Django does."""
    if not _is_plain(rows.query):
        return rows.count()
    found = _fetched(connections[rows.db], rows.query, "COUNT(*)", "")
    return int(found[0][0]) if found else 0


def iso(text: str | None) -> str | None:
    """Return a time of a raw row as it can be sent: ISO 8601 with its offset, a fraction with all six digits.

    SQLite keeps it so; PostgreSQL has an offset of its own, and leaves out the zeros at the end.
    """
    if text is None:
        return None
    if text[-3] != "+":
        return f"{text[:10]}T{text[11:]}+00:00"
    time = text[11:-3]
    return f"{text[:10]}T{time if len(time) == WHOLE_SECOND else time.ljust(MICROSECOND, '0')}{text[-3:]}:00"


def moment(text: str | None) -> datetime | None:
    """Return a time of a raw row to reckon with."""
    if text is None:
        return None
    return datetime.fromisoformat(text if text[-3] == "+" else f"{text}+00:00")


def json(text: str) -> Fragment:
    """Return JSON of a raw row: a database keeps none that is not valid."""
    return Fragment(text)


def _fetched(
    connection: BaseDatabaseWrapper, query: Query, selected: str, tail: str, *, again: str = "", counted: bool = False
) -> list[RawRow]:
    """Return what is selected; `again` is the order without the cut. `counted`: each row ends with the uncut number.

    What an offset leaves out is counted off in the index: only the rows of the page itself are read.
    """
    if not _is_plain(query):
        raise ValueError("only a plain queryset of one table can be read raw")
    where, parameters = "", ()
    try:
        sql, parameters = query.get_compiler(connection=connection).compile(query.where)
        where = f" WHERE {sql}"
    except EmptyResultSet:
        return []
    except FullResultSet:
        pass
    table = connection.ops.quote_name(query.get_meta().db_table)
    if counted:
        selected = f"{selected}, (SELECT COUNT(*) FROM {table}{where})"  # noqa: S608  all of it is Django's
        parameters = (*parameters, *parameters)
    if query.low_mark:
        key = _quoted("pk", query.get_meta().model)
        where, tail = f" WHERE {key} IN (SELECT {key} FROM {table}{where}{tail})", again  # noqa: S608  the same
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selected} FROM {table}{where}{tail}", parameters)  # noqa: S608  the same
        return list(cursor.fetchall())


def _is_plain(query: Query) -> bool:
    tables = sum(bool(uses) for uses in query.alias_refcount.values())
    return tables <= 1 and not (query.annotations or query.distinct or query.combinator)


@cache
def _selected(model: type[Model], names: tuple[str, ...]) -> str:
    """Return the columns as SQL, which is the same for both kinds of databases."""
    fields = [model._meta.get_field(name) for name in names]
    columns = [(_quoted(field.name, model), isinstance(field, AS_TEXT)) for field in fields]
    return ", ".join(f"CAST({column} AS text)" if as_text else column for column, as_text in columns)


def _quoted(name: str, model: type[Model]) -> str:
    column = model._meta.pk.column if name == "pk" else model._meta.get_field(name).column  # type: ignore[union-attr]  # every model of ours has a key of its own
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(str(column))


def _order(query: Query) -> str:
    terms = []
    for name in query.order_by:
        if not isinstance(name, str):
            raise ValueError("only columns can order what is read raw")  # noqa: TRY004  see `raw_rows`
        column = _quoted(name.lstrip("-"), query.get_meta().model)
        terms.append(f"{column} DESC" if name.startswith("-") else column)
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _slice(query: Query, connection: BaseDatabaseWrapper) -> str:
    return f" {connection.ops.limit_offset_sql(query.low_mark, query.high_mark)}" if query.is_sliced else ""
