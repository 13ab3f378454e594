"""Serializers that are derived from typed dictionaries."""

from functools import partial
from typing import Annotated, NotRequired, TypedDict

import pytest
from rest_framework import serializers

from user_workspaces.api.typed_serializers import Time, serializer_for


class Part(TypedDict):
    """A part."""

    number: Annotated[int, "A number."]


class Whole(TypedDict):
    """An object with fields of all kinds."""

    name: str
    kind: Annotated[str, "The kind.", partial(serializers.ChoiceField, choices=["a", "b"])]
    ratio: NotRequired[float]
    time: Time | None
    tags: list[str]
    parts: list[Part]
    first: Part | None


def field(name: str) -> serializers.Field[object, object, object, object]:
    found: serializers.Field[object, object, object, object] = serializer_for(Whole)().fields[name]
    return found


@pytest.mark.parametrize(
    ("name", "kind", "required", "nullable"),
    [
        ("name", serializers.CharField, True, False),
        ("kind", serializers.ChoiceField, True, False),
        ("ratio", serializers.FloatField, False, False),
        ("time", serializers.DateTimeField, True, True),
        ("tags", serializers.ListField, True, False),
        ("parts", serializers.ListSerializer, True, False),
        ("first", serializer_for(Part), True, True),
    ],
)
def test_field_has_the_type_of_its_key(name: str, kind: type, *, required: bool, nullable: bool) -> None:
    found = field(name)
    assert isinstance(found, kind)
    assert (found.required, found.allow_null) == (required, nullable)


def test_descriptions_come_from_the_dictionary() -> None:
    assert serializer_for(Whole).__doc__ == Whole.__doc__
    assert serializer_for(Whole).__name__ == "WholeSerializer"
    assert field("kind").help_text == "The kind."
    assert serializer_for(Part)().fields["number"].help_text == "A number."


def test_serializer_of_a_dictionary_is_created_once() -> None:
    assert serializer_for(Part) is serializer_for(Part)
