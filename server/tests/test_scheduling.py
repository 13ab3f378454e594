"""What shares a server is run by one process, and the names that the scheduler knows are those of tests."""

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
def test_file_is_there(name: str) -> None:
    assert (TESTS / name).is_file()


@pytest.mark.parametrize("beginning", sorted(one for files in scheduling.SHARED.values() for one in files))
def test_paths_begin_like_that(beginning: str) -> None:
    assert [path for path in TESTS.rglob("test_*.py") if str(path.relative_to(TESTS)).startswith(beginning)]


@pytest.mark.soak
@pytest.mark.slow
def test_a_file_is_run_by_one_process(tmp_path: Path) -> None:
    """The ids of tests, by which pytest-xdist tells them apart, are another package's."""
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
