"""Parsing the output of `diff -r`."""

import pytest

from reana_jupyterlab.reana.differences import FileChange, read_differences
from reana_jupyterlab.tests.fake_diff import compared
from reana_jupyterlab.tests.fake_reana import Run

ONE = {
    "same.txt": b"same",
    "code/fit.py": b"a = 1\n--- hello.1/x\n",
    "data/old.csv": b"1",
    "data/both": b"x",
    "image.png": b"\0\1",
    "odd: name and more differ.txt": b"1",
}
OTHER = {
    "same.txt": b"same",
    "code/fit.py": b"a = 2\n",
    "data/both/deep": b"x",
    "image.png": b"\0\2",
    "new/a.txt": b"1",
    "new/b.txt": b"1",
    "odd: name and more differ.txt": b"2",
}
CHANGES = {
    FileChange("code/fit.py", "changed"),
    FileChange("data/old.csv", "first"),
    FileChange("data/both", "changed"),
    FileChange("image.png", "changed"),
    FileChange("new", "second"),
    FileChange("odd: name and more differ.txt", "changed"),
}


@pytest.mark.parametrize("brief", [True, False])
@pytest.mark.parametrize("names", [("hello.1", "hello.2"), ("hello.1", "hello.1.1"), ("a+b.1", "a.1")])
def test_output_of_diff_is_parsed(brief: bool, names: tuple[str, str]) -> None:
    text = compared(Run(names[0], files=ONE), Run(names[1], files=OTHER), brief=brief)
    found = read_differences(text, first=names[0], second=names[1])
    assert (set(found.changes), len(found.changes), found.is_complete) == (CHANGES, len(CHANGES), True)


def test_equal_directories_have_no_changes() -> None:
    found = read_differences(
        compared(Run("a.1", files=ONE), Run("a.2", files=ONE), brief=True), first="a.1", second="a.2"
    )
    assert (found.changes, found.is_complete) == ((), True)


def test_unified_diffs_without_a_line_before_them() -> None:
    text = "--- a.1/x y.txt\n+++ a.2/x y.txt\n@@ -1 +1 @@\n-1\n+2\nOnly in a.2: z\n[... the rest is left out here ...]"
    found = read_differences(text, first="a.1", second="a.2")
    assert found.changes == (FileChange("x y.txt", "changed"), FileChange("z", "second"))
    assert not found.is_complete


@pytest.mark.parametrize("line", ["Only in elsewhere: x", "Files a.1/x and a.2/y differ", "File a.1/x is odd"])
def test_unknown_line_makes_the_result_incomplete(line: str) -> None:
    found = read_differences(line, first="a.1", second="a.2")
    assert (found.changes, found.is_complete) == ((), False)
