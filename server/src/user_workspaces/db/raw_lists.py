"""Reads the three long lists (workspaces, jobs, runs) without Django's conversion of values.

Django's conversions (JSON to dictionaries, text to datetimes) and the making of a query cost several times the rest of
such a response; `benchmarks/api.py` measures it, and decision 0018 has the numbers. Here Django compiles the WHERE of a
queryset, and a plain SELECT around it reads times and JSON as text, which goes into the response as it is. All other
lists use querysets.

The parts of Django that this relies on are not public: `Query.where`, `Query.alias_refcount`, `Query.order_by`, the
limits `low_mark` and `high_mark`, and `SQLCompiler.compile`. `tests/db/test_raw_lists.py` pins the SQL that they make.
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
"""So many rows and their JSON fit into the caches of a processor."""
KEYS_AT_ONCE = 5000
"""A query with more keys would be longer than SQLite accepts."""

RawRow = tuple[Any, ...]
OWNER_PLACEHOLDER = -1
"""Stands for the owner while the SQL of a list is made once for all users; no user has this primary key."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A WHERE and an ORDER BY of one table, as SQL."""

    model: type[Model]
    alias: str
    """Of the database."""
    where: str
    parameters: tuple[Any, ...]
    order: str


class PerOwnerQuery:
    """A list that each user has; its SQL is made once a process, because making it takes longer than reading it."""

    def __init__(self, rows_of: Callable[[int], QuerySet[Any]]) -> None:
        # The key of the cache is the vendor, because the SQL differs between databases.
        self._condition = cache(lambda _vendor: _require(_condition(rows_of(OWNER_PLACEHOLDER))))

    def of(self, owner_id: int) -> Condition:
        """Return the list of one user."""
        made = self._condition(connections[DEFAULT_DB_ALIAS].vendor)
        parameters = tuple(owner_id if value == OWNER_PLACEHOLDER else value for value in made.parameters)
        return replace(made, parameters=parameters)


def raw_rows(rows: QuerySet[Any] | Condition, columns: tuple[str, ...]) -> list[RawRow]:
    """Return these columns of all rows; times, JSON and UUIDs are text, for `iso`, `moment`, `json` and `uuid_text`.

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
    """Yield the same, for a queryset without a slice, in parts, so that only one part is in memory at a time."""
    condition = rows if isinstance(rows, Condition) else _condition(rows)
    if condition is not None:
        yield from _parts(condition, *_select(condition, _selected(condition.model, columns)))


def page_of_raw_rows(
    rows: QuerySet[Any] | Condition, columns: tuple[str, ...], *, offset: int, limit: int | None
) -> tuple[list[RawRow], int]:
    """Return `limit` rows (None: all) after the first `offset`, as `raw_rows` does, and the number of all rows.

    One query returns both, as each row has the number with it; only an empty page needs a second query.
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
    # The first part is read now, because each row has the number of all rows with it.
    first = next(parts, None)
    if first is None:
        return iter(()), _count(condition) if offset else 0
    return ([row[:-1] for row in part] for part in chain((first,), parts)), int(first[0][-1])


def values_by_key(model: type[Model], column: str, keys: Iterable[int]) -> dict[int, Any]:
    """Return one column of the rows with these primary keys, by key; keys without a row are left out."""
    numbers, found = [str(int(key)) for key in set(keys)], dict[int, Any]()
    selected = f"SELECT {_quoted('pk', model)}, {_quoted(column, model)} FROM {_table(model)}"  # noqa: S608  our names
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        for start in range(0, len(numbers), KEYS_AT_ONCE):
            among = ", ".join(numbers[start : start + KEYS_AT_ONCE])
            # Not as parameters: SQLite takes only so many, and `int` above makes the keys safe.
            cursor.execute(f"{selected} WHERE {_quoted('pk', model)} IN ({among})")
            found.update(cursor.fetchall())
    return found


def iso(text: str | None) -> str | None:
    """Return a time of a raw row in ISO 8601 with its offset; a fraction has all six digits.

    SQLite stores it so, without the offset, which is UTC; PostgreSQL writes an offset and drops zeros at the end.
    """
    if text is None:
        return None
    if text[-3] != "+":
        return f"{text[:10]}T{text[11:]}+00:00"
    time = text[11:-3]
    return f"{text[:10]}T{time if len(time) == WHOLE_SECOND else time.ljust(MICROSECOND, '0')}{text[-3:]}:00"


def moment(text: str | None) -> datetime | None:
    """Return a time of a raw row as a datetime."""
    if text is None:
        return None
    return datetime.fromisoformat(text if text[-3] == "+" else f"{text}+00:00")


def uuid_text(text: str) -> str:
    """Return a UUID of a raw row with its hyphens, which SQLite does not store."""
    return text if text[8] == "-" else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def json(text: str) -> Fragment:
    """Return JSON of a raw row, not parsed: a database stores valid JSON only."""
    return Fragment(text)


def _condition(rows: QuerySet[Any]) -> Condition | None:
    """Return the condition of a queryset; None if Django knows that it matches no row."""
    query, connection = rows.query, connections[rows.db]
    if not _is_plain(query):
        raise ValueError("only a plain queryset of one table can be read raw")
    where, parameters = "", ()
    # The compiler of the queryset's own database, with its lookups, so that values are escaped as Django does.
    try:
        sql, parameters = query.get_compiler(connection=connection).compile(query.where)
        where = f" WHERE {sql}"
    except EmptyResultSet:
        return None
    except FullResultSet:  # no condition: all rows
        pass
    return Condition(rows.model, rows.db, where, tuple(parameters), _order(query))


def _require(condition: Condition | None) -> Condition:
    if condition is None or condition.parameters.count(OWNER_PLACEHOLDER) != 1:
        raise ValueError("the list has to filter by its owner, once")
    return condition


def _fetched(
    condition: Condition, selected: str, *, cut: str = "", skips: bool = False, counted: bool = False
) -> list[RawRow]:
    """Return the rows of a `_select`."""
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
    """Return the SQL and its parameters.

    `cut` is the LIMIT and OFFSET; `skips` says that there is an OFFSET. With `counted`, each row ends with the number
    of all rows.
    """
    table, where, order, parameters = _table(condition.model), condition.where, condition.order, condition.parameters
    tail = order + cut
    if counted:
        selected = f"{selected}, (SELECT COUNT(*) FROM {table}{where})"  # noqa: S608  all of it is Django's
        # The condition is in the SQL twice.
        parameters = (*parameters, *parameters)
    if skips:
        # The inner SELECT skips rows in the index alone; only the rows of the page are read from the table.
        key = _quoted("pk", condition.model)
        # The outer SELECT needs the order as well: IN does not keep it.
        where, tail = f" WHERE {key} IN (SELECT {key} FROM {table}{where}{tail})", order  # noqa: S608  the same
    return f"SELECT {selected} FROM {table}{where}{tail}", parameters  # noqa: S608  the same


def _count(condition: Condition) -> int:
    return int(_fetched(replace(condition, order=""), "COUNT(*)")[0][0])


def _is_plain(query: Query) -> bool:
    # Django counts the uses of each table; a join that was optimized away stays with zero uses.
    tables = sum(bool(uses) for uses in query.alias_refcount.values())
    return tables <= 1 and not (query.annotations or query.distinct or query.combinator)


@cache
def _selected(model: type[Model], names: tuple[str, ...]) -> str:
    """Return the columns as SQL that SQLite and PostgreSQL understand."""
    fields = [model._meta.get_field(name) for name in names]
    columns = [(_quoted(field.name, model), isinstance(field, AS_TEXT)) for field in fields]
    return ", ".join(f"CAST({column} AS text)" if as_text else column for column, as_text in columns)


@cache
def _table(model: type[Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)


@cache
def _quoted(name: str, model: type[Model]) -> str:
    """Return a column with its table; without it, ORDER BY could mean the SELECT's text of a time."""
    column = model._meta.pk.column if name == "pk" else model._meta.get_field(name).column  # type: ignore[union-attr]  # every model here has a primary key
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
