"""Starts and ends of texts: whole lines, whole characters, line numbers of the file."""

import io

import pytest

from user_workspaces.portal.files.text_pages import LARGEST, MOST_COUNTED, TextPart, is_log, read_end, read_start


def end_of(raw: bytes) -> TextPart:
    found = read_end(io.BytesIO(raw), len(raw))
    assert found
    return found


def test_end_starts_with_a_whole_numbered_line() -> None:
    raw = b"".join(b"line %d\n" % number for number in range(1, 200_001))
    part = end_of(raw)
    first = part.first_line
    assert first is not None
    assert (part.is_end, part.is_cut, part.lines[0], part.lines[-1]) == (True, True, f"line {first}", "line 200000")
    assert (part.last_line, part.numbers.splitlines()[-1]) == (200_000, "200000")


def test_end_of_a_short_text_is_the_whole_text() -> None:
    part = end_of(b"a\nb\n")
    assert (part.lines, part.numbers, part.is_cut, part.is_end) == (["a", "b"], "1\n2", False, False)


def test_end_of_one_long_line_starts_with_a_character() -> None:
    part = end_of("é".encode() * LARGEST + b"x")
    assert (part.text[0], part.text[-1], part.first_line) == ("é", "x", 1)


@pytest.mark.parametrize("left", [b"", b"\xa4", b"ab"])
def test_end_of_a_text_that_was_truncated_meanwhile(left: bytes) -> None:
    part = read_end(io.BytesIO(b"x" * LARGEST + left), 2 * LARGEST)
    assert part is None or part.text == left.decode()


def test_binary_file_has_no_end() -> None:
    assert read_end(io.BytesIO(b"\n\xff\xfe" * LARGEST), 3 * LARGEST) is None


def test_lines_are_not_counted_before_a_far_end() -> None:
    class Far(io.BytesIO):
        def seek(self, at: int, _whence: int = 0) -> int:
            assert at > 0, "read from the beginning"
            return at

    part = read_end(Far(b"a\nb\n"), MOST_COUNTED + 2 * LARGEST)
    assert part
    assert (part.first_line, part.last_line, part.numbers, part.shown) == (None, None, "", "b")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n\n", ["a", ""]),
        ("a\r\nb\r\n", ["a", "b"]),
        (" 1%\r 99%\r100%\nok", ["100%", "ok"]),
    ],
)
def test_lines_are_those_of_a_terminal(text: str, lines: list[str]) -> None:
    assert TextPart(text).lines == lines


def test_start_keeps_the_text_unchanged() -> None:
    part = read_start(io.BytesIO(b"\xef\xbb\xbfa\r\n"), 6)
    assert part
    assert part.text == "a\r\n"


@pytest.mark.parametrize(("name", "expected"), [("a.log", True), ("slurm-1.OUT", True), ("a.txt", False)])
def test_logs_are_recognized_by_name(name: str, *, expected: bool) -> None:
    assert is_log(name) is expected
