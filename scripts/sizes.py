#!/usr/bin/env python3
"""Compare the sizes of files and functions with their limits: `make sizes`; exits with 1 when one is too long."""

import ast
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCES, TESTS = ("server/src", "reana/reana_jupyterlab"), ("server/tests", "reana/reana_jupyterlab/tests")
BESIDE = ("benchmarks", "docs", "scripts", "reana/benchmarks")

FILE_P90, FILE_MAX = 200, 300
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_MAX = 8, 25, 40
TYPED_SHARE = 1.0
TEST_LINES_PER_SOURCE_LINE = 1.5

MEDIAN, P90 = 0.5, 0.9


@dataclass(frozen=True)
class Function:
    """A function or method: location, lines without decorators, and whether it is fully typed."""

    location: str
    lines: int
    typed: bool


@dataclass(frozen=True)
class Module:
    """A Python file; its lines include comments and empty ones."""

    path: str
    lines: int
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class Metric:
    """A measured value with its limit; exceeding a `binding` one is an error."""

    name: str
    value: float
    limit: float
    at_least: bool = False
    binding: bool = False

    @property
    def is_met(self) -> bool:
        """True if the value is within the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        verdict = "ok" if self.is_met else "TOO LONG" if self.binding else "above the target"
        relation = ">=" if self.at_least else "<="
        return f"  {self.name:<28} {self.value:>8.4g}   {relation} {self.limit:<6g} {verdict}"


def main() -> int:
    """Print the metrics, and the names of files and functions that exceed a limit."""
    tests = list(modules(TESTS))
    known = {test.path for test in tests}
    sources = [module for module in modules(SOURCES) if module.path not in known]
    metrics = [*sizes("source", sources), *sizes("test", tests), *shares(sources, tests)]
    for metric in metrics:
        print(metric)
    too_long = list(violations([*sources, *tests, *modules(BESIDE)]))
    for line in too_long:
        print(f"TOO LONG  {line}")
    return 1 if too_long else 0


def sizes(kind: str, found: Sequence[Module]) -> list[Metric]:
    """Return the sizes of files and functions; empty for an empty folder."""
    files = [module.lines for module in found if module.lines]
    functions = [function.lines for module in found for function in module.functions]
    if not files or not functions:
        return []
    return [
        Metric(f"{kind} file, p90", percentile(files, P90), FILE_P90),
        Metric(f"{kind} file, max", max(files), FILE_MAX, binding=True),
        Metric(f"{kind} function, median", percentile(functions, MEDIAN), FUNCTION_MEDIAN),
        Metric(f"{kind} function, p90", percentile(functions, P90), FUNCTION_P90),
        Metric(f"{kind} function, max", max(functions), FUNCTION_MAX, binding=True),
    ]


def shares(sources: Sequence[Module], tests: Sequence[Module]) -> list[Metric]:
    """Return the share of typed functions, and test lines per source line."""
    functions = [function for module in [*sources, *tests] for function in module.functions]
    typed = sum(function.typed for function in functions) / max(1, len(functions))
    ratio = sum(module.lines for module in tests) / max(1, sum(module.lines for module in sources))
    return [
        Metric("typed functions, share", typed, TYPED_SHARE, at_least=True),
        Metric("test lines per source line", ratio, TEST_LINES_PER_SOURCE_LINE, at_least=True),
    ]


def violations(found: Iterable[Module]) -> Iterator[str]:
    """Yield what exceeds a binding limit."""
    for module in found:
        if module.lines > FILE_MAX:
            yield f"{module.path}: {module.lines} lines (at most {FILE_MAX})"
        for function in module.functions:
            if function.lines > FUNCTION_MAX:
                yield f"{function.location}: {function.lines} lines (at most {FUNCTION_MAX})"


def percentile(values: Sequence[int], share: float) -> int:
    """Return the smallest value that at least this share of all values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def modules(folders: Iterable[str], *, project: Path = PROJECT) -> Iterator[Module]:
    """Read every Python file below the folders, except generated migrations."""
    for folder in folders:
        for path in sorted((project / folder).rglob("*.py")):
            if not {"migrations", "__pycache__", "_build"} & set(path.parts):
                yield read(path, name=str(path.relative_to(project)))


def read(path: Path, *, name: str) -> Module:
    """Measure one file."""
    text = path.read_text(encoding="utf-8")
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return Module(name, len(text.splitlines()), tuple(_measure(node, name) for node in found))


def _measure(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Function:
    last = node.end_lineno or node.lineno
    return Function(f"{name}:{node.lineno} {node.name}", last - node.lineno + 1, _is_typed(node))


def _is_typed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return True if all arguments and the result have types; `self`, `cls` and the result of `__init__` need none."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    named = [argument for argument in arguments if argument is not None and argument.arg not in {"self", "cls"}]
    return all(argument.annotation for argument in named) and (node.returns is not None or node.name == "__init__")


if __name__ == "__main__":
    sys.exit(main())
