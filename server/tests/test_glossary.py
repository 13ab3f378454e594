"""Names of modules, classes and functions use the words of the glossary."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]
GLOSSARY = PROJECT / "docs" / "contributing" / "glossary.md"
PYTHON = ("server/src", "server/tests", "benchmarks", "scripts", "docs", "reana")
TYPESCRIPT = ("reana/src", "reana/ui-tests")
LEFT_OUT = frozenset({"node_modules", "_build", "lib", "build", "migrations", "conformance"})
"""Built files; migrations, which are history; the tables that clients rely on, which never change."""
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
DECLARED = re.compile(
    r"^\s*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?(?:class|function|interface)\s+(\w+)", re.MULTILINE
)


def rejected_words() -> frozenset[str]:
    """Return the words in the last column of the glossary's tables."""
    rows = [line.split("|") for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")]
    return frozenset(word for row in rows for word in re.findall(r"`(\w+)`", row[3]))


def words_of(name: str) -> set[str]:
    """Return the words of a name in lower case: `openRoomOf` has `open`, `room` and `of`."""
    return {word.lower() for word in WORD.findall(name.replace("JupyterHub", "jupyterhub"))}


def python_names(source: str) -> Iterator[str]:
    """Yield the names of the classes and functions of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def files(folders: tuple[str, ...], suffixes: frozenset[str]) -> Iterator[Path]:
    """Yield the source files below some folders of the project."""
    for folder in folders:
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in suffixes and not LEFT_OUT & set(path.relative_to(PROJECT).parts):
                yield path


def names_of(path: Path) -> Iterator[str]:
    """Yield the names of a file and its folder, and those that the file declares."""
    yield path.stem
    yield path.parent.name
    yield from python_names(path.read_text()) if path.suffix == ".py" else DECLARED.findall(path.read_text())


@pytest.mark.parametrize(
    ("folders", "suffixes"), [(PYTHON, frozenset({".py"})), (TYPESCRIPT, frozenset({".ts", ".tsx"}))]
)
def test_names_use_no_rejected_word(folders: tuple[str, ...], suffixes: frozenset[str]) -> None:
    rejected, found = rejected_words(), list(files(folders, suffixes))
    wrong = [
        f"{path.relative_to(PROJECT)}: {name}" for path in found for name in names_of(path) if words_of(name) & rejected
    ]
    assert found
    assert wrong == []


def test_glossary_rejects_words() -> None:
    assert {"room", "turn", "lookout", "ways", "losses", "standing", "tend", "hub", "elsewhere"} <= rejected_words()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openRoomOf", {"open", "room", "of"}),
        ("_OpenRoom", {"open", "room"}),
        ("HTTPRoom2", {"http", "room"}),
        ("test_a_room", {"test", "a", "room"}),
        ("JupyterHubProxy", {"jupyterhub", "proxy"}),
    ],
)
def test_names_are_split_into_words(name: str, words: set[str]) -> None:
    assert words_of(name) == words


def test_declared_names_are_found() -> None:
    assert list(python_names("class A:\n    async def b(self): ...\ndef c(): ...\n")) == ["A", "c", "b"]
    text = "export default class A {}\nexport async function b() {}\ninterface C {}\n  function d() {}\n"
    assert DECLARED.findall(text) == ["A", "b", "C", "d"]
