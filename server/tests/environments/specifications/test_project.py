"""Dependencies and locks of projects."""

import pytest

from user_workspaces.environments.specifications.project import read_project
from user_workspaces.environments.uv_export import export_locked
from user_workspaces.errors import InvalidRequest

HEAD = '[project]\nname = "study"\nversion = "1"\n'
LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "six"
version = "1.17.0"
source = { registry = "https://index.example/simple" }
wheels = [
    { url = "https://index.example/files/six-1.17.0-py2.py3-none-any.whl", \
hash = "sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274", size = 11050 },
]

[[package]]
name = "study"
version = "1"
source = { virtual = "." }
dependencies = [
    { name = "six" },
]

[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1.17" }]
"""


def texts(content: str) -> list[str]:
    return [one.text for one in read_project(content.encode(), python="3.11").requirements]


def problem(content: str) -> str:
    with pytest.raises(InvalidRequest) as raised:
        read_project(content.encode(), python="3.11")
    return raised.value.message


def test_dependencies_of_a_project_are_read() -> None:
    assert texts(f'{HEAD}dependencies = ["numpy>=2", "Six"]\nrequires-python = ">=3.10"\n') == ["numpy>=2", "six"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[project", "is not valid TOML"),
        ("a = " + "[" * 5000, "is not valid TOML"),
        ("[tool.x]\n", "has no [project]"),
        ("project = 1\n", "has no [project]"),
        (HEAD, "lists no packages"),
        (f"{HEAD}dependencies = 3\n", "must be a list of strings"),
        (f"{HEAD}dependencies = [3]\n", "must be a list of strings"),
        (f'{HEAD}dynamic = ["dependencies"]\n', "dynamic dependencies"),
        (f"{HEAD}dynamic = 5\n", "lists no packages"),
        ("a = " + "1" * 5000, "is not valid TOML"),
        ("a." * 4_000 + "a = 1\n", "too many dots"),
        (f"[{'a.' * 1_000}a]\n" + "b = 1\n" * 10_000, "too many dots"),
        (f'{HEAD}dependencies = ["six"]\nrequires-python = ">=3.12"\n', "requires Python >=3.12"),
        (f'{HEAD}dependencies = ["six"]\nrequires-python = "nonsense"\n', "requires Python nonsense"),
        (f'{HEAD}dependencies = ["six", "x @ file:///x"]\n', "dependency 2: `x @ file:///x` is not a package"),
        (f'{HEAD}dependencies = ["six\\n-r /etc/shadow"]\n', "dependency 1: too long, or has a control"),
        (f'{HEAD}dependencies = ["--index-url http://evil"]\n', "dependency 1: `--index-url http://evil` has an"),
        (f'{HEAD}dependencies = ["Six"]\n[tool.uv.sources]\nsix = {{ path = "x" }}\n', "comes from another source"),
    ],
)
def test_invalid_content_is_reported(content: str, said: str) -> None:
    assert said in problem(content)
    assert problem(content).startswith("pyproject.toml")


def test_large_project_is_read() -> None:
    plain = "".join(f'"a.b{number}.c" = "1.2.3"\n' for number in range(20_000))
    assert texts(f'{HEAD}dependencies = ["six"]\n[tool.x]\n{plain}') == ["six"]


def test_lock_of_a_project_is_exported_with_hashes() -> None:
    read = export_locked(f'{HEAD}dependencies = ["six>=1.17"]\nrequires-python = ">=3.11"\n'.encode(), LOCK.encode())
    digest = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
    assert [one.text for one in read.requirements] == [f"six==1.17.0 --hash=sha256:{digest}"]
    assert (read.file, read.is_complete) == ("pyproject.toml", True)


@pytest.mark.parametrize("lock", ["", "nonsense", "version = 99\n", LOCK.replace("1.17.0", "../../etc/shadow")])
def test_unreadable_lock_is_reported(lock: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^uv.lock "):
        export_locked(f'{HEAD}dependencies = ["six"]\nrequires-python = ">=3.11"\n'.encode(), lock.encode())


def test_local_package_of_a_lock_is_refused() -> None:
    lock = LOCK.replace('registry = "https://index.example/simple"', 'directory = "../other"')
    with pytest.raises(InvalidRequest, match=r"option|not a package of the index|cannot be read"):
        export_locked(f'{HEAD}dependencies = ["six"]\nrequires-python = ">=3.11"\n'.encode(), lock.encode())
