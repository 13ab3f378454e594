"""`scripts/build_extension.py`: the digest of the sources, the check of the lock file, and the report of a failure."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from support.server_process import REPOSITORY

pytestmark = pytest.mark.slow

SCRIPT = REPOSITORY / "scripts" / "build_extension.py"
LOCK = """\
"yaml@npm:^2.4.0":
  version: 2.9.1
  resolution: "yaml@npm:2.9.1"
  checksum: abc
  languageName: node

"reana-jupyterlab@workspace:.":
  version: 0.0.0-use.local
  resolution: "reana-jupyterlab@workspace:."
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A separate project with a copy of the extension and of the script."""
    shutil.copytree(
        REPOSITORY / "reana", tmp_path / "reana", ignore=shutil.ignore_patterns("node_modules", "lib", "labextension")
    )
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    return tmp_path


@pytest.fixture
def script(project: Path) -> ModuleType:
    """The script of that project as a module."""
    spec = importlib.util.spec_from_file_location("build_extension", project / "scripts" / SCRIPT.name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "path", ["src/index.ts", "yarn.lock", "reana_jupyterlab/server.py", "style/new.css", "packaging/requirements.lock"]
)
def test_changed_sources_change_the_digest(script: ModuleType, project: Path, path: str) -> None:
    before = script.digest_of(project / "reana")
    assert script.digest_of(project / "reana") == before
    with (project / "reana" / path).open("a") as file:
        file.write("\n")
    assert script.digest_of(project / "reana") != before


@pytest.mark.parametrize(
    "path", ["reana_jupyterlab/tests/new.py", "reana_jupyterlab/labextension/x.js", "node_modules/x.js", "lib/x.js"]
)
def test_files_outside_of_the_wheel_do_not_change_the_digest(script: ModuleType, project: Path, path: str) -> None:
    before = script.digest_of(project / "reana")
    (project / "reana" / path).parent.mkdir(parents=True, exist_ok=True)
    (project / "reana" / path).write_text("new")
    assert script.digest_of(project / "reana") == before


def test_lock_of_fewer_ranges_is_accepted(script: ModuleType, project: Path) -> None:
    (project / "reana" / "yarn.lock").write_text(LOCK.replace("^2.4.0", "^2.0.0, yaml@npm:^2.4.0"))
    (project / "part.lock").write_text(LOCK)
    script.check_lock(project / "part.lock")
    assert (project / "part.lock").read_text() == LOCK


@pytest.mark.parametrize(("old", "new"), [("abc", "abd"), ("yaml@npm:2.9.1", "yaml@npm:2.9.2")])
def test_resolution_outside_of_the_lock_file_is_refused(script: ModuleType, project: Path, old: str, new: str) -> None:
    (project / "reana" / "yarn.lock").write_text(LOCK)
    (project / "part.lock").write_text(LOCK.replace(old, new))
    with pytest.raises(script.BuildFailed, match="does not contain resolution"):
        script.check_lock(project / "part.lock")


def test_sessions_get_one_wheel(script: ModuleType, project: Path) -> None:
    script.WHEELS.parent.mkdir(parents=True)
    for name in ("reana_jupyterlab-1-py3-none-any.whl", "reana_jupyterlab-2-py3-none-any.whl"):
        (project / name).write_text(name)
        script.put(project / name)
        assert [path.name for path in script.WHEELS.iterdir()] == [name]


@pytest.mark.soak
def test_failure_is_reported_in_one_sentence(project: Path) -> None:
    (project / "reana" / "packaging" / "requirements.lock").write_text("nothing-of-this-name==1 --hash=sha256:00\n")
    done = subprocess.run(
        [sys.executable, project / "scripts" / SCRIPT.name],
        env={"PATH": "/usr/bin:/bin", "HOME": str(project), "UV_OFFLINE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    first, last = done.stderr.splitlines()
    assert first.startswith("Building the REANA extension")
    assert last.startswith("The REANA extension could not be built, so sessions lack its panel: uv pip failed: ")
