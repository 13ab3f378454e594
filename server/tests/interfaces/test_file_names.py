"""The text form of a name converts back to the name, whatever its bytes, and is valid in JSON and URLs."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_workspaces.interfaces.file_names import escape_controls, name_of, text_of, without_escapes

NAMES = {
    b"plain.txt": "plain.txt",
    "é漢🎉".encode(): "é漢🎉",
    b"caf\xe9.txt": r"caf\xE9.txt",
    b"\xff\xfe": r"\xFF\xFE",
    b"\xc3": r"\xC3",
    b"back\\slash": "back\\slash",
    rb"\xE9": r"\x5CxE9",
    rb"\x5CxE9": r"\x5Cx5CxE9",
    rb"\x41 \xe9": r"\x41 \xe9",
    rb"..\up": r"..\x5Cup",
    b"..\xe9": r"..\xE9",
    b"line\nbreak": "line\nbreak",
    b"\xed\xa0\x80": r"\xED\xA0\x80",
}


@pytest.mark.parametrize(("name", "text"), NAMES.items(), ids=map(repr, NAMES))
def test_text_of_a_name(name: bytes, text: str) -> None:
    assert text_of(os.fsdecode(name)) == text
    assert os.fsencode(name_of(text)) == name


@given(st.binary(max_size=40) | st.text(st.sampled_from("\\x5CE9.A\n"), max_size=12).map(str.encode))
def test_text_leads_back_to_every_name(name: bytes) -> None:
    text = text_of(os.fsdecode(name))
    assert os.fsencode(name_of(text)) == name
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text
    assert ".." not in without_escapes(text).split("\\") or name == b".."


def test_names_have_one_form() -> None:
    assert name_of(r"caf\xC3\xA9") == "café"


def test_control_characters_for_forms() -> None:
    assert escape_controls("a\r\nb\x7f\t") == r"a\x0D\x0Ab\x7F\x09"
    assert name_of(escape_controls("a\r\nb\x7f\t")) == "a\r\nb\x7f\t"


def test_surrogates_that_are_no_bytes() -> None:
    assert text_of("\ud800") == "\N{REPLACEMENT CHARACTER}"
