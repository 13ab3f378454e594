"""Names of files in responses: one valid header line for any name."""

import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_workspaces.errors import InvalidRequest
from user_workspaces.transfers.downloads import content_type_of
from user_workspaces.transfers.filenames import attachment, disposition, file_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "a.txt"),
        ("é ü.csv", "é ü.csv"),
        ("😀", "😀"),
        ('quo"te', "quo_te"),
        ("line\r\nSet-Cookie: x", "line__Set-Cookie: x"),
        ("back\\slash", "back_slash"),
        ("\u202etxt.exe", "_txt.exe"),
        ("per%20cent", "per%20cent"),
        ("semi; filename=x", "semi; filename=x"),
        ("", "_"),
    ],
)
def test_attachment_is_parsed_by_other_programs(name: str, expected: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert not set(header) & {"\r", "\n"}
    form = re.fullmatch(r"attachment; filename(?:=\"([^\"%\\]*)\"|\*=UTF-8''([\w%.~-]+))", header)
    assert form
    plain, encoded = form.groups()
    assert (unquote(encoded) if encoded else plain) == expected


@given(
    name=st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1).filter(
        lambda name: name == name.strip()
    ),
    inline=st.booleans(),
)
def test_any_name_is_parsed_by_a_mail_parser(name: str, *, inline: bool) -> None:
    """reana-client parses it so, and prefers the plain parameter."""
    message = Message()
    message["Content-Disposition"] = disposition(name, inline=inline)
    assert (message.get_filename(), message.get_content_disposition()) == (name, "inline" if inline else "attachment")


@pytest.mark.parametrize("raw", [None, 7, [], "", "/", ".", "./.", "..", "a/../b", "a\0", "\ud800"])
def test_paths_that_name_no_file(raw: object) -> None:
    with pytest.raises(InvalidRequest):
        file_path(raw)


def test_paths_are_below_the_workspace() -> None:
    assert [file_path(raw) for raw in ("/a", "a//b/", "./a/./b", "a..b")] == ["a", "a/b", "a/b", "a..b"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.xz", "application/x-xz"),
        ("Makefile", "application/octet-stream"),
    ],
)
def test_content_types(name: str, kind: str) -> None:
    assert content_type_of(name) == kind
