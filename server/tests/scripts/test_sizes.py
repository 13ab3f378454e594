"""`scripts/sizes.py`: its measurements, and its failure for code above a limit."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "sizes.py"


@pytest.fixture(scope="module")
def sizes() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("house_of_the_project", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def function_of(lines: int, name: str = "long") -> str:
    return f"def {name}() -> None:\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7], 0.9, 7), ([1, 2], 0.5, 1), ([3, 1, 2], 0.5, 2), (list(range(1, 11)), 0.9, 9), (list(range(1, 12)), 0.9, 10)],
)
def test_percentile(sizes: ModuleType, values: list[int], share: float, expected: int) -> None:
    assert sizes.percentile(values, share) == expected


@pytest.mark.parametrize(
    ("source", "typed"),
    [
        ("def f(a: int, *b: int, c: int = 1, **d: int) -> None: ...", True),
        ("def f(a): ...", False),
        ("def f(a: int): ...", False),
        ("def f(a: int, *b) -> None: ...", False),
        ("class A:\n    def __init__(self, a: int): ...", True),
        ("class A:\n    def g(self): ...", False),
        ("async def f(a: int, /) -> int: ...", True),
    ],
)
def test_typed_requires_all_annotations(sizes: ModuleType, tmp_path: Path, source: str, *, typed: bool) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert [function.typed for function in sizes.read(path, name="module.py").functions] == [typed]


def test_length_of_a_function_leaves_decorators_out(sizes: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(f"import functools\n\n\n@functools.cache\n{function_of(5)}")
    assert [(found.location, found.lines) for found in sizes.read(path, name="m.py").functions] == [("m.py:5 long", 5)]


def test_code_at_the_limits_is_accepted(sizes: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(function_of(40) + "#\n" * 260)
    assert list(sizes.violations(sizes.modules([""], project=tmp_path))) == []


def test_code_above_a_limit_is_reported(sizes: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("#\n" * 301)
    (tmp_path / "function.py").write_text(function_of(41))
    assert list(sizes.violations(sizes.modules([""], project=tmp_path))) == [
        "file.py: 301 lines (at most 300)",
        "function.py:1 long: 41 lines (at most 40)",
    ]


def test_migrations_are_left_out(sizes: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_initial.py").write_text("#\n" * 1000)
    assert list(sizes.modules([""], project=tmp_path)) == []


@pytest.mark.parametrize(("lines", "code"), [(10, 0), (41, 1)])
def test_exit_code_reports_violations(
    sizes: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int, code: int
) -> None:
    for name in ("server/src", "server/tests"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "module.py").write_text(function_of(lines))
    monkeypatch.setattr(sizes.modules, "__kwdefaults__", {"project": tmp_path})
    assert sizes.main() == code
