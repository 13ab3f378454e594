"""Import rules between the parts of the extension."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1]
CLIENT = sorted((PACKAGE / "reana").glob("*.py"))
ALL = [path for path in sorted(PACKAGE.rglob("*.py")) if "tests" not in path.relative_to(PACKAGE).parts]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: path.name)
def test_client_knows_neither_jupyter_nor_tornado(path: Path) -> None:
    above = {name for name in imported(path) if name.startswith(("jupyter", "tornado", "traitlets", "..", "reana_jup"))}
    assert above == set()


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_extension_knows_nothing_of_the_workspaces_server(path: Path) -> None:
    assert not {name for name in imported(path) if name.startswith(("user_workspaces", "django", "requests"))}


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
