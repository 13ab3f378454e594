"""Rows for the long lists, as the database keeps them: nothing is taken apart to be put together again.

What Django makes of each value (a dictionary of JSON, a datetime of a text) and of each query costs several times what
the answer itself does. Here the condition of a queryset is Django's, and around it stands a plain SELECT whose times
and JSON come as text and go into the answer as such.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import DateTimeField, JSONField, Model, QuerySet, UUIDField
from django.db.models.sql import Query
from orjson import Fragment

AS_TEXT = (DateTimeField, JSONField, UUIDField)
WHOLE_SECOND, MICROSECOND = len("23:59:59"), len("23:59:59.999999")

ROWS_AT_ONCE = 500
"""What becomes of so many fits into the caches of a processor."""
KEYS_AT_ONCE = 5000
"""A query of more would be longer than SQLite reads."""

RawRow = tuple[Any, ...]
OWNER_PLACEHOLDER = -1
"""An owner whom nobody is: their place is found by it where the SQL of a list is made before anybody asks."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows of a table, and in which order, as SQL."""

    model: type[Model]
    alias: str
    """Of the database."""
    where: str
    parameters: tuple[Any, ...]
    order: str


class PerOwnerQuery:
    """A list of which everybody has their own: made once a process, as to make it costs more than to read it."""

    def __init__(self, rows_of: Callable[[int], QuerySet[Any]]) -> None:
        self._condition = cache(lambda _vendor: _require(_condition(rows_of(OWNER_PLACEHOLDER))))

    def of(self, owner_id: int) -> Condition:
        """Return one person's."""
        made = self._condition(connections[DEFAULT_DB_ALIAS].vendor)
        parameters = tuple(owner_id if value == OWNER_PLACEHOLDER else value for value in made.parameters)
        return replace(made, parameters=parameters)


def raw_rows(rows: QuerySet[Any] | Condition, columns: tuple[str, ...]) -> list[RawRow]:
    """Return these columns of all rows, without Django's conversions: times, JSON and UUIDs as text (see below).

    For querysets of one table that are ordered by its columns; raises `ValueError` for any other.
    """
    if isinstance(rows, Condition):
        return _fetched(rows, _selected(rows.model, columns))
    condition, query = _condition(rows), rows.query
    if condition is None:
        return []
    cut = _limit_offset(condition, query.low_mark, query.high_mark) if query.is_sliced else ""
    return _fetched(condition, _selected(condition.model, columns), cut=cut, skips=query.low_mark > 0)


def raw_parts(rows: QuerySet[Any] | Condition, columns: tuple[str, ...]) -> Iterator[list[RawRow]]:
    """Yield the same, without a cut, in parts: what is done with one need not be kept beside the next."""
    condition = rows if isinstance(rows, Condition) else _condition(rows)
    if condition is not None:
        yield from _parts(condition, *_select(condition, _selected(condition.model, columns)))


def page_of_raw_rows(
    rows: QuerySet[Any] | Condition, columns: tuple[str, ...], *, offset: int, limit: int | None
) -> tuple[list[RawRow], int]:
    """Return `limit` of the rows (None: all) after the first `offset`, as above, and how many there are without a cut.

    One query tells both: each row comes with their number, and only an empty page has to ask for it.
    """
    parts, total = page_in_raw_parts(rows, columns, offset=offset, limit=limit)
    return [row for part in parts for row in part], total


def page_in_raw_parts(
    rows: QuerySet[Any] | Condition, columns: tuple[str, ...], *, offset: int, limit: int | None
) -> tuple[Iterator[list[RawRow]], int]:
    """Return the same, with the rows in parts as `raw_parts` has them."""
    condition = rows if isinstance(rows, Condition) else _condition(rows)
    if condition is None:
        return iter(()), 0
    if limit == 0:
        return iter(()), _count(condition)
    cut = _limit_offset(condition, offset, None if limit is None else offset + limit)
    selected = _selected(condition.model, columns)
    parts = _parts(condition, *_select(condition, selected, cut=cut, skips=offset > 0, counted=True))
    first = next(parts, None)
    if first is None:
        return iter(()), _count(condition) if offset else 0
    return ([row[:-1] for row in part] for part in chain((first,), parts)), int(first[0][-1])


def count_rows(rows: QuerySet[Any]) -> int:
    """Return how many there are; of a plain queryset (as above, not sliced) a little faster than Django does."""
    if not _is_plain(rows.query):
        return rows.count()
    condition = _condition(rows.order_by())
    return _count(condition) if condition else 0


def values_by_key(model: type[Model], column: str, keys: Iterable[int]) -> dict[int, Any]:
    """Return one column of those of these rows that there are, by their key."""
    numbers, found = [str(int(key)) for key in set(keys)], dict[int, Any]()
    selected = f"SELECT {_quoted('pk', model)}, {_quoted(column, model)} FROM {_table(model)}"  # noqa: S608  our names
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        for start in range(0, len(numbers), KEYS_AT_ONCE):
            among = ", ".join(numbers[start : start + KEYS_AT_ONCE])
            cursor.execute(f"{selected} WHERE {_quoted('pk', model)} IN ({among})")  # they are numbers
            found.update(cursor.fetchall())
    return found


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


def uuid_text(text: str) -> str:
    """Return a UUID of a raw row as it is shown: SQLite keeps the digits alone."""
    return text if text[8] == "-" else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def json(text: str) -> Fragment:
    """Return JSON of a raw row: a database keeps none that is not valid."""
    return Fragment(text)


def _condition(rows: QuerySet[Any]) -> Condition | None:
    """Return what a queryset asks for; None where that can be nothing."""
    query, connection = rows.query, connections[rows.db]
    if not _is_plain(query):
        raise ValueError("only a plain queryset of one table can be read raw")
    where, parameters = "", ()
    try:
        sql, parameters = query.get_compiler(connection=connection).compile(query.where)
        where = f" WHERE {sql}"
    except EmptyResultSet:
        return None
    except FullResultSet:
        pass
    return Condition(rows.model, rows.db, where, tuple(parameters), _order(query))


def _require(condition: Condition | None) -> Condition:
    if condition is None or condition.parameters.count(OWNER_PLACEHOLDER) != 1:
        raise ValueError("the list has to ask for its owner, once")
    return condition


def _fetched(
    condition: Condition, selected: str, *, cut: str = "", skips: bool = False, counted: bool = False
) -> list[RawRow]:
    """Return what is selected; see `_select`."""
    with connections[condition.alias].cursor() as cursor:
        cursor.execute(*_select(condition, selected, cut=cut, skips=skips, counted=counted))
        return list(cursor.fetchall())


def _parts(condition: Condition, sql: str, parameters: tuple[Any, ...]) -> Iterator[list[RawRow]]:
    with connections[condition.alias].cursor() as cursor:
        cursor.execute(sql, parameters)
        while part := cursor.fetchmany(ROWS_AT_ONCE):
            yield part


def _select(
    condition: Condition, selected: str, *, cut: str = "", skips: bool = False, counted: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL of it, and its parameters.

    `skips`: the cut leaves out the first. `counted`: each row ends with the uncut number. What an offset
    leaves out is counted off in the index: only the rows of the page itself are read.
    """
    table, where, order, parameters = _table(condition.model), condition.where, condition.order, condition.parameters
    tail = order + cut
    if counted:
        selected = f"{selected}, (SELECT COUNT(*) FROM {table}{where})"  # noqa: S608  all of it is Django's
        parameters = (*parameters, *parameters)
    if skips:
        key = _quoted("pk", condition.model)
        where, tail = f" WHERE {key} IN (SELECT {key} FROM {table}{where}{tail})", order  # noqa: S608  the same
    return f"SELECT {selected} FROM {table}{where}{tail}", parameters  # noqa: S608  the same


def _count(condition: Condition) -> int:
    return int(_fetched(replace(condition, order=""), "COUNT(*)")[0][0])


def _is_plain(query: Query) -> bool:
    tables = sum(bool(uses) for uses in query.alias_refcount.values())
    return tables <= 1 and not (query.annotations or query.distinct or query.combinator)


@cache
def _selected(model: type[Model], names: tuple[str, ...]) -> str:
    """Return the columns as SQL, which is the same for both kinds of databases."""
    fields = [model._meta.get_field(name) for name in names]
    columns = [(_quoted(field.name, model), isinstance(field, AS_TEXT)) for field in fields]
    return ", ".join(f"CAST({column} AS text)" if as_text else column for column, as_text in columns)


@cache
def _table(model: type[Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)


@cache
def _quoted(name: str, model: type[Model]) -> str:
    """Return a column with its table: alone it could be what the SELECT has made of it, a time that is a text."""
    column = model._meta.pk.column if name == "pk" else model._meta.get_field(name).column  # type: ignore[union-attr]  # every model of ours has a key of its own
    return f"{_table(model)}.{connections[DEFAULT_DB_ALIAS].ops.quote_name(str(column))}"


def _order(query: Query) -> str:
    terms = []
    for name in query.order_by:
        if not isinstance(name, str):
            raise ValueError("only columns can order what is read raw")  # noqa: TRY004  see `raw_rows`
        column = _quoted(name.lstrip("-"), query.get_meta().model)
        terms.append(f"{column} DESC" if name.startswith("-") else column)
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _limit_offset(condition: Condition, low: int, high: int | None) -> str:
    return f" {connections[condition.alias].ops.limit_offset_sql(low, high)}" if low or high is not None else ""
