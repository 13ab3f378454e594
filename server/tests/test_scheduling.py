"""Tests that share a server run in one process, and the names in the scheduler are those of tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import scheduling
from support.server_process import REPOSITORY

TESTS = REPOSITORY / "server" / "tests"
NAMED = [name.partition("::")[0] for name in scheduling.LONGEST_FIRST if name not in scheduling.SHARED]
FILE = """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_where(number, worker_id):
    print("ran by", worker_id)
"""


@pytest.mark.parametrize("name", sorted({*NAMED, *scheduling.EACH_ALONE}))
def test_named_file_exists(name: str) -> None:
    assert (TESTS / name).is_file()


@pytest.mark.parametrize("beginning", sorted(one for files in scheduling.SHARED.values() for one in files))
def test_prefix_matches_a_file(beginning: str) -> None:
    assert [path for path in TESTS.rglob("test_*.py") if str(path.relative_to(TESTS)).startswith(beginning)]


@pytest.mark.soak
@pytest.mark.slow
def test_tests_of_a_file_run_in_one_process(tmp_path: Path) -> None:
    """The grouping depends on the IDs of tests, which other packages define."""
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(FILE)
    options = ["-p", "scheduling", "-p", "no:django", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadscope", "-v"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(TESTS), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran = set(re.findall(r"\[(gw\d)\].* PASSED (test_\w)\.py", done.stdout))
    assert len(ran) == 4
    assert len({process for process, _ in ran}) == 2
