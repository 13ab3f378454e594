"""Conda files with and without conda packages."""

import pytest

from support.cpu_limit import cpu_limit
from user_workspaces.environments.specifications.conda import as_requirements, read_conda_file
from user_workspaces.environments.specifications.values import LARGEST_FILE
from user_workspaces.errors import InvalidRequest

FILE = "environment.yml"
PIP_ONLY = (
    "name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n    - Six>=1\n    - numpy\n"
)


def problem(content: str) -> str:
    with pytest.raises(InvalidRequest) as raised:
        as_requirements(read_conda_file(FILE, content.encode()), python="3.11")
    return raised.value.message


def test_file_with_pip_packages_only_needs_no_conda() -> None:
    read = read_conda_file(FILE, PIP_ONLY.encode())
    assert (read.packages, read.python) == ((), "3.11")
    assert [one.text for one in as_requirements(read, python="3.11").requirements] == ["six>=1", "numpy"]


@pytest.mark.parametrize("python", ["python", "python=3.11", "python==3.11.4", "python = 3.11.*"])
def test_python_version_of_the_base_is_accepted(python: str) -> None:
    read = read_conda_file(FILE, PIP_ONLY.replace("python=3.11", python).encode())
    assert len(as_requirements(read, python="3.11").requirements) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PIP_ONLY.replace("3.11", "3.12"), "environment.yml requires Python 3.12"),
        (PIP_ONLY.replace("- pip\n", "- samtools\n"), "environment.yml has conda packages: samtools."),
        (PIP_ONLY.replace("python=3.11", "python>=3.9"), "has conda packages: python>=3.9"),
        (PIP_ONLY.replace("numpy", "-r /etc/shadow"), "pip package 2: `-r /etc/shadow` has an option"),
        ("dependencies: [python, pip]", "lists no packages"),
        ("a: [", "environment.yml, line 2: invalid YAML."),
        ("- a", "has no list of dependencies"),
        ("dependencies: x", "has no list of dependencies"),
        ("dependencies: [[x]]", "dependency 1: neither"),
        ("dependencies: [{pip: x}]", "dependency 1: neither"),
        ("a: &a [1]\nb: *a", "has YAML aliases"),
        ("[" * 100_000, "is nested too deeply"),
        ("!!python/object/apply:os.system ['true']", "has no list of dependencies"),
        ("dependencies: [\x01]", "invalid YAML"),
        ("dependencies: [[x], !!int '']", "dependency 1: neither"),
        ("dependencies: [[x], !!bool x]", "dependency 1: neither"),
        ("dependencies: [[x], !!timestamp x]", "dependency 1: neither"),
        (f"dependencies: [[x], {'1:' * 300}1.0]", "dependency 1: neither"),
        ("dependencies:\n- pip\n-\n", "dependency 2: neither"),
        (PIP_ONLY.replace("numpy", "n" * 9_000), "pip package 2: too long"),
    ],
)
def test_invalid_content_is_reported(content: str, said: str) -> None:
    assert said in problem(content)


@pytest.mark.slow
def test_largest_file_is_read_in_reasonable_time() -> None:
    with cpu_limit():
        assert "lists" in problem("dependencies:\n" + "- x\n" * ((LARGEST_FILE - 20) // 4))
