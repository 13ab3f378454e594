"""Preparing environments with the real installer and index: results and the messages of failures."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.utils import timezone

from environments.conftest import PYTHON, process_due, settled
from support.lock_holders import holders_of
from support.package_index import Index
from user_workspaces.accounts.models import User
from user_workspaces.environment_store.store import EnvironmentStore
from user_workspaces.environments import actions
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.environments.selection import environment_for
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeJobType
from user_workspaces.testing.waiting import eventually
from user_workspaces.workspaces.actions import finish_deletion, queue_deletion
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.once]
Put = Callable[..., None]


def prepare(workspace: Workspace, file: str = "requirements.txt") -> PreparedEnvironment:
    return actions.prepare(workspace=workspace, file=file, now=timezone.now())


def layers_of(workspace: Workspace) -> tuple[Path, ...]:
    """Return the layers that a launch would use; launches are always possible."""
    found = environment_for(job_type="jupyter_lab", resource="local", workspace=Path("/w"), workspace_id=workspace.pk)
    assert found is not None
    return found.layers


def failed(workspace: Workspace, put: Put, content: str) -> str:
    """Prepare an invalid environment, and check that launches do not use it."""
    put(workspace, content)
    prepare(workspace)
    row = settled(workspace)
    assert (row.status, row.layer, layers_of(workspace)) == ("failed", "", ())
    return row.message


def test_packages_are_installed_and_found_by_the_next_launch(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    index.add("lobster", "2.0")
    put(workspace, "crab\nlobster>=1  # more\n")
    assert prepare(workspace).status == "preparing"
    assert layers_of(workspace) == ()
    row = settled(workspace)
    assert (row.status, row.message, row.python) == ("ready", "Ready: the next launch uses it.", PYTHON)
    (layer,) = layers_of(workspace)
    packages = layer / "lib" / f"python{PYTHON}" / "site-packages"
    assert (packages / "crab.py").read_text() == "VERSION = '1.0'\n"
    assert list(packages.glob("__pycache__/crab.*.pyc"))
    assert (layer / "lock.txt").read_text() == "crab==1.0\nlobster==2.0\n"


def test_second_workspace_with_the_same_packages_is_ready_at_once(
    index: Index,
    put: Put,
    workspace: Workspace,
    workspace_of: Callable[..., Workspace],
    make_user: Callable[[str], User],
) -> None:
    index.add("crab")
    index.add("lobster")
    put(workspace, "crab==1.0\nlobster\n")
    prepare(workspace)
    settled(workspace)
    asked = len(index.asked)
    other = workspace_of(make_user("grace"))
    put(other, "# the same, in other words\nLobster\nCrab == 1.0\n")
    assert prepare(other).status == "ready"
    assert layers_of(other) == layers_of(workspace)
    assert len(index.asked) == asked


def test_no_code_of_a_package_runs_while_it_is_prepared(
    index: Index, put: Put, workspace: Workspace, tmp_path: Path
) -> None:
    trap = f"import os; open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    tag = "crab-1.0.data"
    files = {"crab.pth": trap, "crab.py": "", "sitecustomize.py": trap, f"{tag}/data/lock.txt": "evil==1\n"}
    files[f"{tag}/data/.complete"] = ""
    index.add("crab", files={**files, f"{tag}/data/bin/pip": trap, "usercustomize.py": trap})
    put(workspace, "crab")
    prepare(workspace)
    row = settled(workspace)
    assert row.status == "ready", row.message
    assert not (tmp_path / "ran").exists()
    (layer,) = layers_of(workspace)
    assert (layer / "lock.txt").read_text() == "crab==1.0\n"


def test_unknown_package_is_named_with_its_line(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    said = failed(workspace, put, "crab\n\nno-such-Package>=2\n")
    assert said == "requirements.txt, line 3: the package index has no package no-such-package."


def test_missing_version_is_named(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    said = failed(workspace, put, "crab==9\n")
    assert said == f"requirements.txt, line 1: the package index has no crab==9 for Python {PYTHON}."


def test_package_without_a_wheel_is_named(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab", tag="cp27-none-any")
    index.wheels["lobster-1.0.tar.gz"] = b""
    for name in ("crab", "lobster"):
        said = failed(workspace, put, f"# x\n{name}==1.0\n")
        wheel = f"{name} has no wheel for Python {PYTHON}: install it in the session."
        assert said == f"requirements.txt, line 2: {wheel}"


def test_wrong_hash_is_named(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    said = failed(workspace, put, f"crab==1.0 --hash=sha256:{'a' * 64}\n")
    assert said.startswith("requirements.txt, line 1: the hash of crab does not match that of the package index")


def test_contradiction_is_reported(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab", "1.0")
    index.add("crab", "2.0")
    said = failed(workspace, put, "crab==1.0\ncrab==2.0\n")
    assert said.startswith("requirements.txt: the requirements contradict each other.")


@pytest.mark.parametrize(("name", "value"), [("UV_OFFLINE", "1"), ("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")])
def test_unreachable_index_is_reported(
    index: Index, put: Put, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert failed(workspace, put, "crab") == "The package index cannot be reached. Try again later."
    monkeypatch.delenv(name)
    index.add("crab")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{index.port}/simple/")
    prepare(workspace)  # starts at once, without the delay after a failed build
    assert settled(workspace).status == "ready"


def test_log_is_kept_without_passwords(index: Index, put: Put, workspace: Workspace, store: EnvironmentStore) -> None:
    index.add("crab")
    failed(workspace, put, f"crab==1.0 --hash=sha256:{'a' * 64}\n")
    log = store.log(PreparedEnvironment.objects.get().fingerprint)
    assert "Hash mismatch" in log
    assert "password" not in log


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs a disk of its own")
def test_full_disk_is_reported(
    index: Index, put: Put, workspace: Workspace, store: EnvironmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("crab", files={"crab.py": "", "crab.dat": "x" * (4 << 20)})
    monkeypatch.setattr(actions, "MIN_FREE_BYTES", 0)
    mount = ("mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "tmpfs", str(store.folder))
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        assert failed(workspace, put, "crab").startswith("The server's disk is full")
    finally:
        subprocess.run(("umount", str(store.folder)), check=True)


def test_no_build_starts_on_a_nearly_full_disk(
    index: Index, put: Put, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("crab")
    monkeypatch.setattr(actions, "MIN_FREE_BYTES", 1 << 60)
    assert failed(workspace, put, "crab").startswith("The server's disk is full")
    assert index.asked == []


def kill_builder(store: EnvironmentStore, fingerprint: str) -> None:
    """Kill the builder and all its commands, including one that is just starting."""

    def is_gone() -> bool:
        for pid in holders_of(store.beside(fingerprint, "lock")):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return not store.is_building(fingerprint)

    eventually(is_gone)


def test_killed_builder_is_started_again(index: Index, put: Put, workspace: Workspace, store: EnvironmentStore) -> None:
    index.add("crab")
    index.gate.clear()
    put(workspace, "crab")
    fingerprint = prepare(workspace).fingerprint
    process_due()
    eventually(lambda: store.is_building(fingerprint) and any("/files/" in path for path in index.asked))
    kill_builder(store, fingerprint)
    assert layers_of(workspace) == ()
    index.gate.set()
    assert settled(workspace).status == "ready"
    assert len(layers_of(workspace)) == 1


def test_builder_that_is_always_killed_fails(
    index: Index, put: Put, workspace: Workspace, store: EnvironmentStore
) -> None:
    index.add("crab")
    index.gate.clear()
    put(workspace, "crab")
    fingerprint = prepare(workspace).fingerprint
    for _ in range(3):
        process_due()
        eventually(lambda: store.is_building(fingerprint))
        kill_builder(store, fingerprint)
    row = settled(workspace)
    assert (row.status, layers_of(workspace)) == ("failed", ())
    assert row.message == "It could not be prepared: the work was killed 3 times: is there enough memory?"


def test_previous_environment_is_used_until_the_next_is_ready(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    put(workspace, "crab")
    prepare(workspace)
    settled(workspace)
    before = layers_of(workspace)
    put(workspace, "no-such-package")
    prepare(workspace)
    assert layers_of(workspace) == before
    assert settled(workspace).status == "failed"
    assert layers_of(workspace) == before


def test_lock_installs_all_packages_that_the_base_lacks(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    put(workspace, "# sha256\ncrab==1.0\njupyterlab==4.5\n", "environment.lock")
    prepare(workspace, "environment.lock")
    assert settled(workspace).status == "ready"
    put(workspace, "jupyterlab==4.5\n", "environment.lock")
    with pytest.raises(InvalidRequest, match=r"has all packages of environment\.lock"):
        prepare(workspace, "environment.lock")


def test_base_of_modules_uses_no_prepared_environment(put: Put, workspace: Workspace, site: Registry) -> None:
    put(workspace, "crab")
    jupyter_lab = site.job_types.get("jupyter_lab")
    assert isinstance(jupyter_lab, FakeJobType)
    jupyter_lab.brings = Base(None, ("python/3.12",))
    with pytest.raises(InvalidRequest, match=r"comes from system modules \(python/3.12\)"):
        prepare(workspace)


def test_environment_for_another_python_is_not_used(
    index: Index, put: Put, workspace: Workspace, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("crab")
    put(workspace, "crab")
    prepare(workspace)
    settled(workspace)
    PreparedEnvironment.objects.update(layer_interpreter="/usr/bin/python3.99")
    assert layers_of(workspace) == ()


def test_row_is_deleted_with_its_workspace(index: Index, put: Put, workspace: Workspace) -> None:
    index.add("crab")
    put(workspace, "crab")
    prepare(workspace)
    queue_deletion(workspace_id=workspace.pk, now=timezone.now())
    finish_deletion(workspace)
    assert not PreparedEnvironment.objects.exists()
    process_due()


def test_killed_installer_is_reported(index: Index, put: Put, workspace: Workspace, store: EnvironmentStore) -> None:
    index.add("crab")
    index.gate.clear()
    put(workspace, "crab")
    fingerprint = prepare(workspace).fingerprint
    process_due()
    eventually(lambda: any("/files/" in path for path in index.asked))
    os.kill(max(holders_of(store.beside(fingerprint, "lock"))), signal.SIGKILL)
    row = settled(workspace)
    assert (row.status, layers_of(workspace)) == ("failed", ())
    assert row.message.startswith("It could not be prepared: installing 1 package was killed, by signal 9")
