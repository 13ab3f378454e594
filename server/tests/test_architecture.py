"""The contracts of the layers are kept and detect violations; no file names a machine or holds a secret."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from user_workspaces.accounts.tokens import CHECKSUM_CHARACTERS, PREFIX, RANDOM_CHARACTERS, is_well_formed

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "server" / "src" / "user_workspaces"

DOWN = "Requests flow down: interface layer, feature, plug-in interface"
INTERFACES_ONLY = "Plug-ins know the interfaces, never the server"
ENTRY_POINTS = "Plug-ins are loaded by entry points alone"
INDEPENDENT = "Plug-ins do not know each other"
PURE = "Decisions, statuses and interfaces are pure"
NO_CYCLES = "No import cycles between packages"


@dataclass(frozen=True)
class Violation:
    """A line that violates the architecture, and the contract that detects it."""

    contract: str
    file: str
    line: str


VIOLATIONS = {
    "feature-imports-the-api": Violation(DOWN, "workspaces/queries.py", "from user_workspaces.api import responses"),
    "feature-imports-later-feature": Violation(DOWN, "accounts/queries.py", "from user_workspaces.jobs import models"),
    "portal-imports-the-api": Violation(DOWN, "portal/errors.py", "from user_workspaces.api import responses"),
    "inside-a-function": Violation(
        DOWN, "accounts/queries.py", "def later() -> None:\n    from user_workspaces.workspaces import models"
    ),
    "folder-without-a-layer": Violation(DOWN, "attic/__init__.py", ""),
    "plugin-imports-django": Violation(INTERFACES_ONLY, "plugins/job_type/local_test/__init__.py", "import django"),
    "plugin-imports-registry": Violation(
        INTERFACES_ONLY, "plugins/resource/local/plugin.py", "from user_workspaces import registry"
    ),
    "server-imports-plugin": Violation(
        ENTRY_POINTS, "config/apps.py", "from user_workspaces.plugins.resource.local import LocalResource"
    ),
    "plugin-imports-plugin": Violation(
        INDEPENDENT, "plugins/job_type/local_test/__init__.py", "import user_workspaces.plugins.job_type.jupyter_lab"
    ),
    "specification-imports-socket": Violation(PURE, "workflows/specification/reading.py", "import socket"),
    "decision-imports-django": Violation(PURE, "jobs/decide.py", "from django.utils import timezone"),
    "interface-imports-subprocess": Violation(PURE, "interfaces/values/__init__.py", "import subprocess"),
    "interface-imports-fakes": Violation(
        NO_CYCLES, "interfaces/values/__init__.py", "import user_workspaces.testing.waiting"
    ),
}

# Joined here, so that this file does not contain what it searches for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("yarnpkg", "com"),
        ("anaconda", "org"),
        ("crates", "io"),
    )
]
SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE" + " KEY-----"),
    "a key of a cloud": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a token of a code host": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b"),
}
OWN_TOKEN = re.compile(rf"\b{PREFIX}[A-Za-z0-9_-]{{{RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}}")
MACHINE_PATHS = re.compile(r"/(?:root|Users/\w+|home/(?!ada\b)\w+)/[\w.]")


def lint_imports(folder: Path) -> Mapping[str, str]:
    """Return the state of each contract (`KEPT` or `BROKEN`) for the package below `folder`."""
    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--config", str(PROJECT / "pyproject.toml"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return found


def test_contracts_of_the_sources_are_kept() -> None:
    every = (DOWN, INTERFACES_ONLY, ENTRY_POINTS, INDEPENDENT, PURE, NO_CYCLES)
    assert lint_imports(PACKAGE.parent) == dict.fromkeys(every, "KEPT")


def test_violations_name_every_contract() -> None:
    declared = set(re.findall(r'^name = "(.+)"\ntype = ', (PROJECT / "pyproject.toml").read_text(), re.MULTILINE))
    assert {violation.contract for violation in VIOLATIONS.values()} == declared


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS)
def test_contract_of_a_violation_is_broken(violation: Violation, tmp_path: Path) -> None:
    copy = tmp_path / "user_workspaces"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / violation.file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(f"\n\n{violation.line}\n")
    assert lint_imports(tmp_path)[violation.contract] == "BROKEN"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return the content of all text files that are committed or would be, by path."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed: there is no list of files to look at")
    command = [git, "-C", str(PROJECT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=False, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout (or not ours to read): there is no list of files to look at")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (PROJECT / name).read_bytes() if (PROJECT / name).is_file() else b""
        if b"\0" not in content:
            found[name] = content.decode(errors="replace")
    return found


def test_files_name_no_registry(texts: Mapping[str, str]) -> None:
    """Files name neither a public registry nor the one that is configured on this machine."""
    told = [value for name, value in os.environ.items() if re.search(r"(INDEX_URL|INDEX|_registry)$", name)]
    hosts = {*REGISTRY_HOSTS, *(host for url in told if (host := urlsplit(url).hostname))}
    assert [(name, host) for name, text in texts.items() for host in hosts if host in text] == []


def test_files_hold_no_path_of_a_machine(texts: Mapping[str, str]) -> None:
    here = {str(PROJECT), sys.prefix} - {"/"}
    own = [(name, path) for name, text in texts.items() for path in here if path in text]
    homes = [(name, match[0]) for name, text in texts.items() for match in MACHINE_PATHS.finditer(text)]
    assert own + homes == []


def test_files_hold_no_secret(texts: Mapping[str, str]) -> None:
    found = [(name, kind) for name, text in texts.items() for kind, form in SECRETS.items() if form.search(text)]
    tokens = [(name, "a token of ours") for name, text in texts.items() if any(map(is_well_formed, _tokens(text)))]
    assert found + tokens == []


def _tokens(text: str) -> list[str]:
    return OWN_TOKEN.findall(text)


def test_locks_hold_hashes_and_no_address(texts: Mapping[str, str]) -> None:
    locks = {name: text for name, text in texts.items() if re.search(r"(requirements[^/]*\.txt|\.lock)$", name)}
    assert locks
    assert [name for name, text in locks.items() if "://" in text] == []
    assert [(name, line) for name, text in locks.items() for line in _unpinned(text)] == []


def _unpinned(text: str) -> list[str]:
    """Return the lines that name a package without a hash."""
    pairs = pairwise([*text.splitlines(), ""])
    return [line for line, after in pairs if re.match("[A-Za-z0-9]", line) and "--hash=sha256:" not in after]


def test_modules_have_docstrings(texts: Mapping[str, str]) -> None:
    modules = {name: text for name, text in texts.items() if name.endswith(".py") and "/migrations/" not in name}
    assert [name for name, text in modules.items() if text.strip() and not _opens_with_a_docstring(text)] == []


def _opens_with_a_docstring(text: str) -> bool:
    """Return True if the module starts with a docstring whose first line is a sentence or a title."""
    docstring = ast.get_docstring(ast.parse(text))
    code = text.split("\n", 1)[1] if text.startswith("#!") else text
    return bool(docstring) and code.startswith('"""') and bool(code.splitlines()[0].strip('" '))


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    printed = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=printed)
    assert printed.getvalue() == "No changes detected\n"
