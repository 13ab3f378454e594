"""Queries of every request, as SQL that is built once per process: a token with its user, and a system account.

Django takes several times longer to build such a query than the database takes to run it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

from user_workspaces.accounts.models import ApiToken, ExternalIdentity, OwnedAccount, User
from user_workspaces.accounts.tokens import digest_of, is_well_formed

Found = TypeVar("Found", bound=Model)
Convert = Callable[[Any], Any]


def find_token(text: str, *, now: datetime) -> ApiToken | None:
    """Return a valid token of an active user, with the user; None otherwise."""
    if not is_well_formed(text):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [digest_of(text), connection.ops.adapt_datetimefield_value(now)])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(ApiToken._meta.concrete_fields)
    token = _instance(ApiToken, row[:width])
    # This fills the cache of the relation: `token.user` costs no query.
    token.user = _instance(User, row[width:])
    return token


@cache
def _sql() -> str:
    tokens, users = ApiToken._meta, User._meta
    columns = [f"token.{field.column}" for field in tokens.concrete_fields]
    columns += [f"account.{field.column}" for field in users.concrete_fields]
    return (
        f"SELECT {', '.join(columns)} FROM {tokens.db_table} token "  # noqa: S608  names of our own tables and columns
        f"JOIN {users.db_table} account ON account.id = token.user_id "
        # A boolean column alone is a condition on PostgreSQL and, as 0 or 1, on SQLite.
        "WHERE token.digest = %s AND token.expires_at > %s AND account.is_active"
    )


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """The recorded identity and system account of a user for one authentication; None: not recorded yet."""

    subject: str | None
    """The user's subject at the issuer."""
    name: str | None
    uid: int | None
    """Of the system account."""


def account_record(*, user_id: int, user_authentication: str, issuer: str) -> AccountRecord:
    """Return the recorded identity and system account."""
    with connection.cursor() as cursor:
        cursor.execute(_account_sql(), [user_id, issuer, user_id, user_authentication])
        # There is always a row: see the constant one in the SQL.
        return AccountRecord(*cursor.fetchone())


@cache
def _account_sql() -> str:
    identities, accounts = ExternalIdentity._meta.db_table, OwnedAccount._meta.db_table
    subject = f"SELECT subject FROM {identities} WHERE user_id = %s AND issuer = %s ORDER BY id LIMIT 1"  # noqa: S608  names of our own tables
    return (
        # The constant row makes the result one row, even if no system account is recorded.
        f"SELECT ({subject}), account.name, account.uid FROM (SELECT 1) one LEFT JOIN {accounts} account "  # noqa: S608  the same
        "ON account.user_id = %s AND account.user_authentication = %s"
    )


def _instance(model: type[Found], row: tuple[Any, ...]) -> Found:
    names, conversions = _reading(model, connection.vendor)
    values = list(row)
    for location, convert in conversions:
        values[location] = convert(values[location])
    return model.from_db(DEFAULT_DB_ALIAS, names, values)


@cache
def _reading(model: type[Model], _vendor: str) -> tuple[list[str], list[tuple[int, Convert]]]:
    """Return the names of a model's fields, and the conversions that they need on this kind of database.

    The converters are those that Django's compiler applies to rows; raw SQL does not pass through it.
    """
    # The vendor is a part of the cache's key, because converters differ between databases.
    conversions: list[tuple[int, Convert]] = []
    for location, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        converters = (*connection.ops.get_db_converters(column), *field.get_db_converters(connection))
        conversions += [(location, _bound(converter, column)) for converter in converters]
    return [field.attname for field in model._meta.concrete_fields], conversions


def _bound(converter: Any, column: Any) -> Convert:  # noqa: ANN401  Django has no types for these
    return lambda value: converter(value, column, connection)
