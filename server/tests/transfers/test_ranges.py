"""Parsing of one range of bytes; the tests of the API have the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from user_workspaces.transfers.ranges import Span, Unsatisfiable, parse_range


@settings(deadline=None)  # a machine may be slow
@given(header=st.text() | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), size=st.integers(0, 2**63))
def test_range_is_never_beyond_the_file(header: str, size: int) -> None:
    try:
        span = parse_range(header, size=size)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.start < span.end <= size


def test_spaces_are_allowed_as_in_the_standard() -> None:
    assert parse_range("bytes= 1-2 ", size=10) == Span(1, 3)
    assert parse_range("bytes=1 -2", size=10) is None
    assert parse_range(f"bytes=8-{10**40}", size=10) == Span(8, 10)
    assert parse_range(f"bytes=8-{'9' * 5000}", size=10) is None
    with pytest.raises(Unsatisfiable):
        parse_range("bytes=0-", size=0)
