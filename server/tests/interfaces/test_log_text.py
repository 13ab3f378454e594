"""The tail of a log is plain text, bounded, and safe against links and pipes."""

import os
from pathlib import Path

import pytest

from user_workspaces.interfaces.log_text import LONGEST_TAIL, tail


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", ""),
        (b"one\ntwo\n", "one\ntwo"),
        (b"\x1b[1;31mred\x1b[m plain", "red plain"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]0;never closed\nnext", "\nnext"),
        (b"\x1b(Bascii\x1bc", "ascii"),
        (b"10%\r20%\r\ndone", "10%\n20%\ndone"),
        (b"tab\there\x00\x08\x07\x7f", "tab\there"),
        ("c1 \x9b31m".encode(), "c1 31m"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        ("é😀".encode(), "é😀"),
    ],
)
def test_tail_is_plain_text(tmp_path: Path, content: bytes, shown: str) -> None:
    (tmp_path / "log").write_bytes(content)
    assert tail(tmp_path / "log", lines=100) == shown


def test_tail_of_no_log_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "log", lines=100) == ""


def test_tail_of_a_huge_log_reads_its_end_and_begins_with_a_whole_line(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        log.truncate(1 << 40)
        log.seek(0, os.SEEK_END)
        log.write(b"".join(b"line %d\n" % number for number in range(20_000)))
    lines = tail(tmp_path / "log", lines=10**6).splitlines()
    assert lines[-1] == "line 19999"
    assert lines[0] == f"line {20_000 - len(lines)}"
    assert sum(len(line) + 1 for line in lines) <= LONGEST_TAIL


def test_tail_of_one_long_line_shows_its_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * (LONGEST_TAIL + 10))
    assert tail(tmp_path / "log", lines=1) == "x" * LONGEST_TAIL
