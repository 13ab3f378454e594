"""What fits and what does not: a table that lets everything through would be worth nothing."""

import pytest

from conformance.patterns import (
    ANYTHING,
    TIME,
    Every,
    Exactly,
    Known,
    Lacking,
    Matching,
    NotRememberedError,
    OneOf,
    Some,
    differences,
    filled,
)

MEMORY = {"id": 7, "name": "ada.b"}
FITS = [
    (1, 1),
    (int, 1),
    (bool, True),
    (str, ""),
    (None, None),
    ("of {name}", "of ada.b"),
    (Known("id"), 7),
    ("{id}", "7"),
    ({}, {"more": 1}),
    ({"a": {"b": int}}, {"a": {"b": 1, "c": 2}, "d": 3}),
    ({"{name}": 1}, {"ada.b": 1}),
    ([int, str], [1, "a"]),
    ([], []),
    (OneOf(None, str), None),
    (OneOf({"a": 1}, {"a": 2}), {"a": 2}),
    (Matching("^/{name}$"), "/ada.b"),
    (Matching(r"^\d{3}$"), "123"),
    (Every(int), []),
    (Every({"a": int}), [{"a": 1}, {"a": 2, "b": 3}]),
    (Every(bool), {"a": True}),
    (Some({"id": Known("id")}), [{"id": 1}, {"id": 7}]),
    (Lacking({"id": 7}), [{"id": 1}]),
    (Lacking("content"), {"name": "a"}),
    (Exactly({"a": int}), {"a": 1}),
    (TIME, "2026-01-02T03:04:05.678+00:00"),
    (TIME, "2026-01-02T03:04:05Z"),
    (ANYTHING, None),
]
DOES_NOT_FIT = [
    (1, 2),
    (1, True),
    (1, 1.0),
    (1, "1"),
    (int, True),
    (int, "1"),
    (str, None),
    (None, False),
    ("of {name}", "of adaxb"),
    (Known("id"), "7"),
    ({"a": int}, {}),
    ({"a": int}, []),
    ({"a": {"b": int}}, {"a": {"b": "1"}}),
    ([int], [1, 2]),
    ([int], []),
    ([], {}),
    (OneOf(None, str), 1),
    (Matching("^/{name}$"), "/adaxb"),
    (Matching("."), None),
    (Every(int), [1, "a"]),
    (Every(int), None),
    (Every(int), "text"),
    (Some(int), []),
    (Some(int), ["a"]),
    (Lacking(int), ["a", 1]),
    (Lacking(int), None),
    (Lacking("content"), {"content": ""}),
    (Exactly({"a": int}), {"a": 1, "b": 2}),
    (TIME, "2026-01-02T03:04:05"),
    (TIME, "2026-01-02T03:04:05+01:00"),
    (TIME, "yesterday"),
    (TIME, None),
]


@pytest.mark.parametrize(("expected", "found"), FITS)
def test_fits(expected: object, found: object) -> None:
    assert list(differences(expected, found, MEMORY)) == []


@pytest.mark.parametrize(("expected", "found"), DOES_NOT_FIT)
def test_does_not_fit(expected: object, found: object) -> None:
    assert list(differences(expected, found, MEMORY)) != []


def test_a_difference_names_its_place() -> None:
    expected, found = {"data": {"jobs": [{"status": "running"}]}}, {"data": {"jobs": [{"status": "lost"}]}}
    told = "answer.data.jobs[0].status: expected 'running', found 'lost'"
    assert list(differences(expected, found, MEMORY)) == [told]


def test_what_was_remembered_is_filled_in_everywhere() -> None:
    value = {"{name}": [Known("id"), "{id} of {name}"], "deep": {"x": ("{id}",)}, "raw": b"{id}"}
    assert filled(value, MEMORY) == {"ada.b": [7, "7 of ada.b"], "deep": {"x": ("7",)}, "raw": b"{id}"}


def test_what_was_not_remembered_is_named() -> None:
    with pytest.raises(NotRememberedError, match=r"^job$"):
        filled({"a": ["{job}"]}, MEMORY)
