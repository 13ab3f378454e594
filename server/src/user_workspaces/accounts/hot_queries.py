"""What is looked up all the time: a token together with its person, and the account behind a person's files.

Each is one query, whose text is made once a process: to put it together anew costs Django several times what the
database needs for it.
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
    """Return the living token of an active user, with the user; None for anything else."""
    if not is_well_formed(text):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [digest_of(text), connection.ops.adapt_datetimefield_value(now)])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(ApiToken._meta.concrete_fields)
    token = _instance(ApiToken, row[:width])
    token.user = _instance(User, row[width:])
    return token


@cache
def _sql() -> str:
    tokens, users = ApiToken._meta, User._meta
    columns = [f"token.{field.column}" for field in tokens.concrete_fields]
    columns += [f"person.{field.column}" for field in users.concrete_fields]
    return (
        f"SELECT {', '.join(columns)} FROM {tokens.db_table} token "  # noqa: S608  names of our own tables and columns
        f"JOIN {users.db_table} person ON person.id = token.user_id "
        "WHERE token.digest = %s AND token.expires_at > %s AND person.is_active"
    )


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What is on record of a person for one authentication; None: nothing is, yet."""

    subject: str | None
    """By which its issuer knows them."""
    name: str | None
    uid: int | None
    """Of their system account."""


def account_record(*, user_id: int, user_authentication: str, issuer: str) -> AccountRecord:
    """Return what is on record."""
    with connection.cursor() as cursor:
        cursor.execute(_account_sql(), [user_id, issuer, user_id, user_authentication])
        return AccountRecord(*cursor.fetchone())


@cache
def _account_sql() -> str:
    identities, accounts = ExternalIdentity._meta.db_table, OwnedAccount._meta.db_table
    subject = f"SELECT subject FROM {identities} WHERE user_id = %s AND issuer = %s ORDER BY id LIMIT 1"  # noqa: S608  names of our own tables
    return (
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
    """Return the names of a model's fields, and how Django reads those that need it on this kind of database."""
    conversions: list[tuple[int, Convert]] = []
    for location, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        converters = (*connection.ops.get_db_converters(column), *field.get_db_converters(connection))
        conversions += [(location, _bound(converter, column)) for converter in converters]
    return [field.attname for field in model._meta.concrete_fields], conversions


def _bound(converter: Any, column: Any) -> Convert:  # noqa: ANN401  as Django has them
    return lambda value: converter(value, column, connection)
