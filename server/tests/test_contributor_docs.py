"""The pages for contributors: the map, the layers, `make` targets, markers, and the example of a plug-in as printed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from user_workspaces.registry import PluginKind

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "server" / "src" / "user_workspaces"
DOCS = PROJECT / "docs"
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
SHELL_BLOCK = re.compile(r"^ *```(?:sh|console)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"(?:^|[\s;&|])make((?: (?:--?)?[a-z][a-z-]*)+)")
FOLDERS_OF_FRAMEWORKS = {"management", "migrations", "plugins", "templatetags"}
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def settings_of_tools() -> dict[str, dict[str, dict[str, object]]]:
    """Return the table `tool` of `pyproject.toml`."""
    found: dict[str, dict[str, dict[str, object]]] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
    return found


def packages() -> set[str]:
    """Return all packages and the top-level modules; of plug-ins, the folder of all."""
    folders = (path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("__init__.py"))
    below = {str(folder) for folder in folders if folder.parts and not FOLDERS_OF_FRAMEWORKS & set(folder.parts)}
    return below | {path.name for path in PACKAGE.glob("*.py") if path.stem != "__init__"} | {"plugins"}


def test_map_names_every_package() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    rows = "".join(line for line in text.splitlines(keepends=True) if line.startswith("| `"))
    assert packages() - set(CODE.findall(rows)) == set()


def test_map_names_no_missing_package() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (PROJECT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    gone = [name for name in rows if not (PACKAGE / name).exists() and not (PROJECT / name).exists()]
    assert gone == []


def test_picture_has_the_layers_of_import_linter() -> None:
    contracts = settings_of_tools()["importlinter"]["contracts"]
    assert isinstance(contracts, list)
    layers = [set(re.findall(r"\w+", layer)) for layer in contracts[0]["layers"]]
    picture = re.search(
        r"^```text\n(config .*?)^```$", (PROJECT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert picture is not None
    known = {name for layer in layers for name in layer}
    lines = [known & set(re.findall(r"\w+", line.split("<-")[0])) for line in picture[1].splitlines()]
    assert [line for line in lines if line] == layers


def make_targets(path: Path) -> set[str]:
    """Return the targets that a page names after `make`, or that a script runs."""
    text = path.read_text()
    if path.suffix == ".md":
        text = "\n".join([*SHELL_BLOCK.findall(text), *CODE.findall(text)])
    lines = (line.split("#")[0] for line in text.splitlines() if not line.lstrip().startswith("#"))
    words = {word for line in lines for found in MAKE.findall(line) for word in found.split()}
    return {word for word in words if not word.startswith("-")}


def is_checked(path: Path) -> bool:
    """Return True for the project's own pages."""
    return not {"_build", ".cache"} & set(path.relative_to(PROJECT).parts)


PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", PROJECT / "SECURITY.md", *DOCS.rglob("*.md")]
SCRIPTS = [PROJECT / "scripts" / "test", PROJECT / ".ci" / "run"]


def test_pages_and_scripts_name_existing_make_targets() -> None:
    existing = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {path: make_targets(path) for path in [*filter(is_checked, PAGES), *SCRIPTS]}
    assert {str(path): targets - existing for path, targets in named.items() if targets - existing} == {}
    assert {"start", "test"} <= named[PROJECT / "README.md"]
    assert {"dev-parts", "test-fast", "lint", "types"} <= named[PROJECT / "CONTRIBUTING.md"]
    assert "sizes" in named[PROJECT / "scripts" / "test"]


def test_pages_name_existing_modules() -> None:
    """Paths of modules are relative to the server's package, the project, its sources, or those of the extension."""
    roots = (PACKAGE, PROJECT, PROJECT / "server" / "src", PROJECT / "reana" / "src")
    modules = re.compile(r"`((?:[\w.-]+/)+\w+\.(?:py|ts|tsx))`")
    named = {(path, name) for path in filter(is_checked, PAGES) for name in modules.findall(path.read_text())}
    gone = [f"{path}: {name}" for path, name in named if not any((root / name).exists() for root in roots)]
    assert named
    assert sorted(gone) == []


def test_pages_use_no_indefinite_users() -> None:
    """Pages use `user`, `another process` or the passive voice; decisions and the glossary may quote these words."""
    words = re.compile(r"\b(?:any|every|no|some)body\b|\bwhoever\b", re.IGNORECASE)
    pages = [path for path in filter(is_checked, PAGES) if "decisions" not in path.parts and path.stem != "glossary"]
    prose = {path: CODE.sub("", FENCE.sub("", path.read_text())) for path in pages}
    assert {str(path): found for path, text in prose.items() if (found := words.findall(text))} == {}


def test_page_of_tests_has_every_marker() -> None:
    markers = settings_of_tools()["pytest"]["ini_options"]["markers"]
    assert isinstance(markers, list)
    section = (DOCS / "contributing" / "tests.md").read_text().split("## Markers")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == [marker.split(":")[0] for marker in markers]


def test_pages_count_the_kinds_of_plugins() -> None:
    pages = [path for path in PAGES if is_checked(path) and "decisions" not in path.parts]
    pattern = re.compile(rf"\b({'|'.join(COUNTS)}) (?:kinds|base classes)\b", re.IGNORECASE)
    counted = {str(path): {found.lower() for found in pattern.findall(path.read_text())} for path in pages}
    assert {page: words for page, words in counted.items() if words - {COUNTS[len(PluginKind) - 1]}} == {}
    table = (DOCS / "reference" / "plugins.md").read_text()
    assert {f"user_workspaces.{kind.value}" for kind in PluginKind} <= set(CODE.findall(table))


def files_of_the_example() -> dict[str, str]:
    """Return the files that the page prints, by the name that precedes each of them."""
    text = (DOCS / "how-to" / "add-a-plug-in.md").read_text().split("## Install and test it")[0]
    block = r"`([a-z_]+\.(?:py|toml))`[^`]*```(?:python|toml)\n(.*?)^```$"
    return dict(re.findall(block, text, re.MULTILINE | re.DOTALL))


def commands_of_the_example() -> str:
    """Return the commands that install the example and run its suite."""
    text = (DOCS / "how-to" / "add-a-plug-in.md").read_text().split("## Install and test it")[1]
    found = SHELL_BLOCK.search(text)
    assert found is not None
    return found[1]


def example_folder(folder: Path) -> Path:
    """Write the files of the example into an empty folder."""
    folder.mkdir()
    for name, content in files_of_the_example().items():
        (folder / name).write_text(content)
    return folder


def environment() -> dict[str, str]:
    """Return the variables of a user's shell: certificates as `scripts/install` has them, versions of the lock."""
    of_this_run = ("COV", "DJANGO", "PYTEST", "PYTHON", "UWS_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(of_this_run)}
    return {"UV_SYSTEM_CERTS": "1"} | kept | {"UV_CONSTRAINT": str(PROJECT / "requirements-dev.lock")}


def server_environment(folder: Path) -> Path:
    """Make the virtual environment of `make start`: the packages of its lock, and the server in editable mode."""
    uv = [str(Path(sys.executable).with_name("uv"))]
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(folder)],
        ["pip", "sync", "--quiet", "--python", str(folder), "--require-hashes", str(PROJECT / "requirements.lock")],
        ["pip", "install", "--quiet", "--python", str(folder), "--no-deps", "--editable", str(PROJECT)],
    ):
        subprocess.run([*uv, *command], check=True, env=environment())
    return folder


def test_example_has_its_three_files() -> None:
    assert list(files_of_the_example()) == ["pyproject.toml", "count_words.py", "test_count_words.py"]


@pytest.mark.slow
def test_example_passes_its_contract_suite(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:django", "."]
    folder = example_folder(tmp_path / "count-words")
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_example_installs_as_printed(tmp_path: Path) -> None:
    folder, venv = example_folder(tmp_path / "count-words"), server_environment(tmp_path / "venv")
    commands = commands_of_the_example()
    commands = commands.replace("/opt/user-workspaces/.venv", str(venv)).replace("/opt/user-workspaces", str(PROJECT))
    shell = ["bash", "-e", "-u", "-o", "pipefail", "-c", commands]
    done = subprocess.run(
        shell, cwd=folder, env=environment(), check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    assert re.search(r"\b\d+ passed", done.stdout)
    loaded = "from importlib.metadata import entry_points as e; [p.load() for p in e(group='user_workspaces.job_type')]"
    subprocess.run([venv / "bin" / "python", "-c", loaded], cwd=tmp_path, env=environment(), check=True)
