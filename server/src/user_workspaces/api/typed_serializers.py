"""Serializers that are derived from the typed dictionaries that views return.

mypy checks the dictionaries, and the schema describes the same keys: each object of the API is written down once.

    class Run(TypedDict):
        name: Annotated[str, "With its number, as `fit.1`."]
        status: Annotated[str, partial(serializers.ChoiceField, choices=STATUSES)]
        datetime_start: Time | None

Text after a type is the help text of the field. A callable makes the field, where the type alone does not name one.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from orjson import Fragment
from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer

Field = serializers.Field[Any, Any, Any, Any]
Json = dict[str, Any] | Fragment
"""An object from the database: parsed, or as text that is sent unchanged."""
Time = Annotated[datetime | str, serializers.DateTimeField]
"""A time: parsed, or as text in ISO 8601."""

SIMPLE: dict[object, Callable[..., Field]] = {
    str: serializers.CharField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    bool: serializers.BooleanField,
}


# One class per object: drf-spectacular warns about two components of one name.
@cache
def serializer_for(described: type) -> type[ObjectSerializer]:
    """Return the serializer of a typed dictionary; its name and docstring are those of the schema's component."""
    # Without `include_extras`, Python drops `Annotated` with the help texts and fields.
    hints = get_type_hints(described, include_extras=True)
    fields = {name: _field(hint) for name, hint in hints.items()}
    return type(f"{described.__name__}Serializer", (ObjectSerializer,), {"__doc__": described.__doc__, **fields})


def _field(hint: Any, **options: Any) -> Field:  # noqa: ANN401  a type hint, and the keyword arguments of any field
    arguments = get_args(hint)
    if get_origin(hint) is NotRequired:
        return _field(arguments[0], required=False, **options)
    if get_origin(hint) is Annotated:
        texts = [detail for detail in arguments[1:] if isinstance(detail, str)]
        factories = [detail for detail in arguments[1:] if callable(detail)]
        options = {**options, "help_text": texts[0]} if texts else options
        return factories[0](**options) if factories else _field(arguments[0], **options)
    if get_origin(hint) in {Union, UnionType}:
        # The unpacking rejects a union of two types, which no single field describes.
        (some,) = (one for one in arguments if one is not NoneType)
        return _field(some, allow_null=True, **options)
    if get_origin(hint) is list:
        item = arguments[0]
        if is_typeddict(item):
            return serializer_for(item)(many=True, **options)
        return serializers.ListField(child=_field(item), **options)
    return serializer_for(hint)(**options) if is_typeddict(hint) else SIMPLE[hint](**options)
