"""The documentation as a contract: settings, commands and routes have entries and exist, and the examples run."""

import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import pytest
from django.core.management import get_commands
from pydantic import BaseModel

from support.live_server import LiveServer, live_server_process
from user_workspaces.api.urls import ROUTES
from user_workspaces.config.config_schema.config_file import ConfigFile
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.registry import PluginKind, installed

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "server" / "src" / "user_workspaces"
DOCS = PROJECT / "docs"
METHODS = ("get", "post", "put", "patch", "delete")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"\b(?:UWS_[A-Z]+(?:_[A-Z]+)*|DATABASE_URL)\b")
READ_VARIABLE = re.compile(r'environ\.get\("(UWS_\w+)"')
SECRET_VARIABLE = re.compile(r'env\.secret\("(\w+)"\)')


def headings(page: str) -> list[tuple[int, str]]:
    """Return the levels and titles of the headings of a reference page, in order."""
    text = FENCE.sub("", (DOCS / "reference" / page).read_text())
    return [(len(hashes), title) for hashes, title in HEADING.findall(text)]


def entries(page: str) -> set[str]:
    """Return the names with an entry: code spans in headings."""
    return {name for _, title in headings(page) for name in CODE.findall(title)}


def sections(page: str) -> dict[str, set[str]]:
    """Return the entries below each heading of the second level, which may name several types with the same options."""
    found: dict[str, set[str]] = {}
    current = set[str]()
    for level, title in headings(page):
        if level == 2:
            names, current = title.replace("`", "").split(", "), set[str]()
            found |= dict.fromkeys(names, current)
        elif level > 2:
            current |= set(CODE.findall(title))
    return found


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the keys of a model: `.<id>` stands for an id of the operator's choice, `[]` for an item of a list."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        yield from _inner_keys(field.annotation, f"{prefix}{name}")


def _inner_keys(annotation: object, path: str) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from keys(annotation, f"{path}.")
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    step = ".<id>" if origin is dict else "[]" if origin in {tuple, list} else ""
    if step or origin in {Union, types.UnionType, Annotated}:
        for argument in arguments:
            if get_origin(argument) is not Literal:
                yield from _inner_keys(argument, f"{path}{step}")


def built_in_plugins() -> dict[str, type[Plugin]]:
    """Return the built-in plug-ins by the type names in the configuration."""
    points = [point for kind in PluginKind for point in installed(kind).values()]
    return {point.name: point.load() for point in points if point.value.startswith("user_workspaces.plugins.")}


def test_settings_of_the_site_have_entries() -> None:
    documented = sections("configuration.md")["config.json"]
    assert documented == set(keys(ConfigFile))


def test_settings_of_plugins_have_entries() -> None:
    pages = sections("configuration.md")
    documented = {name: pages.get(name) for name in built_in_plugins()}
    assert documented == {name: set(keys(plugin.Options)) for name, plugin in built_in_plugins().items()}


def test_environment_variables_have_entries() -> None:
    """All variables in the sources; of the tests, where many names are examples, only those that are read."""
    modules = [path for path in PACKAGE.rglob("*.py") if "testing" not in path.relative_to(PACKAGE).parts]
    sources = [PROJECT / "Makefile", *(PROJECT / "scripts").glob("*"), *modules]
    texts = [path.read_text() for path in sources if path.is_file()]
    tests = [path.read_text() for path in (PROJECT / "server" / "tests").rglob("*.py")]
    used = {name for text in texts for name in VARIABLE.findall(text)}
    secrets = {f"UWS_{name.upper()}" for text in texts for name in SECRET_VARIABLE.findall(text)}
    read_by_tests = {name for text in tests for name in READ_VARIABLE.findall(text)}
    assert entries("environment.md") == used | secrets | read_by_tests


def test_commands_have_entries() -> None:
    ours = {name for name, app in get_commands().items() if str(app).startswith("user_workspaces.")}
    targets = re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    documented = sections("commands.md")
    assert {name.split()[0] for name in documented["manage.py"]} == ours
    assert documented["make"] == set(targets)


def test_routes_have_entries() -> None:
    served = {
        f"{method.upper()} /{re.sub(r'<[a-z]+:([a-z_]+)>', _placeholder, route)}/"
        for route, view in ROUTES
        for method in METHODS
        if hasattr(view, method)
    }
    documented = {name for name in entries("api.md") if name.split(" ")[0] in {method.upper() for method in METHODS}}
    assert documented == served


def _placeholder(match: re.Match[str]) -> str:
    return {"verb": "{verb}", "path": "{path}", "upload_id": "{upload}"}.get(match[1], "{id}")


def test_screenshots_are_shown_on_pages() -> None:
    pages = "".join(
        page.read_text() for page in (*DOCS.rglob("*.md"), PROJECT / "README.md", PROJECT / "reana/README.md")
    )
    pictures = {path.name for path in (DOCS / "images").iterdir()}
    assert pictures == set(re.findall(r"images/([\w-]+\.png)", pages))


def test_decisions_are_numbered_and_complete() -> None:
    """Each has its three parts, no number is missing, and the index lists all."""
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    parts = {page.name: [title for _, title in HEADING.findall(page.read_text())][1:] for page in pages}
    assert parts == {page.name: ["Context", "Decision", "Consequences"] for page in pages}
    listed = re.findall(r"^(\d{4}-[\w-]+)$", (DOCS / "decisions" / "index.md").read_text(), re.MULTILINE)
    assert [f"{name}.md" for name in listed] == [page.name for page in pages]


# Examples: the `console` blocks of a page run in their order; `sh` blocks are for other machines or for later.


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process() as running:
        yield running


@pytest.fixture(scope="module")
def idle_server() -> Iterator[LiveServer]:
    """A server without a controller: launches are accepted but not started, so that JupyterLab is not needed."""
    with live_server_process(controller=False) as running:
        yield running


def commands_of(page: Path) -> str:
    """Return the commands of a page's `console` blocks: lines with a prompt, and indented lines that continue them."""
    blocks = re.findall(r"^```console\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    wanted = [line.removeprefix("$ ") for line in lines if line.startswith(("$ ", "  "))]
    assert wanted, f"{page} has no command to run"
    return "\n".join(wanted)


def run(page: Path, server: LiveServer) -> str:
    """Run all commands of a page in one shell, for a user of the server, and return their output."""
    text = commands_of(page).replace("localhost:8000", f"localhost:{server.port}").replace("ada", server.username)
    text = text.replace(".venv/bin/python", sys.executable)
    shell = ["bash", "-e", "-u", "-o", "pipefail", "-c", text]
    done = subprocess.run(
        shell, cwd=PROJECT, env=server.environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}\n{server.log()}"
    return done.stdout


@pytest.mark.slow
def test_readme_launches_a_session(idle_server: LiveServer) -> None:
    printed = run(PROJECT / "README.md", idle_server)
    assert '"message":"Successful."' in printed
    assert '"message":"Successful start."' in printed
    assert '"job_type":"jupyter_lab","status":"pending"' in printed


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted((DOCS / "tutorials").glob("[!i]*.md")), ids=lambda page: page.stem)
def test_tutorial_runs(server: LiveServer, page: Path) -> None:
    printed = run(page, server)
    assert '"success":false' not in printed
    assert '"status":"complete"' in printed
    assert '"message":"Finished."' in printed
