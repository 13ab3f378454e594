"""First steps of a new user: clean clone, ordinary account, `make start`, main path, `make stop`."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e import flow
from support.machine_accounts import add_account, remove_account
from support.server_process import OF_THE_NETWORK, REPOSITORY, free_port

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.root, pytest.mark.soak]
NAME = "uwsclone"
COMMAND_TIMEOUT_S = 900


@dataclass(frozen=True)
class Clone:
    """A clean clone of the project."""

    folder: Path
    port: int

    def command(self, *words: str) -> list[str]:
        """Return a command for the new user's login shell, without our environment."""
        network = [f"{name}={value}" for name, value in os.environ.items() if name.upper().startswith(OF_THE_NETWORK)]
        own = ["env", "-i", f"HOME={self.folder.parent}", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", *network]
        own.append(f"UWS_PORT={self.port}")
        return ["runuser", "-u", NAME, "--", *own, "make", "-C", str(self.folder), "--no-print-directory", *words]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    if os.geteuid() != 0:
        pytest.skip("not root: no other account can be made; the rest of the suite runs as an ordinary user already")
    remove_account(NAME, "--remove")
    add_account(NAME, "--create-home", "--shell", "/bin/bash")
    folder = Path(f"/home/{NAME}/project")
    copy_tracked_files(folder, tmp_path)
    copy_wheel(folder)
    subprocess.run(["chown", "-R", f"{NAME}:", str(folder)], check=True)
    yield Clone(folder, free_port())
    remove_account(NAME, "--remove")


def copy_wheel(target: Path) -> None:
    """Copy the wheel of the extension, which was built from the same sources."""
    for wheel in (REPOSITORY / ".cache" / "extension").glob("*/*.whl"):
        location = target / wheel.relative_to(REPOSITORY)
        location.parent.mkdir(parents=True)
        shutil.copyfile(wheel, location)


def copy_tracked_files(target: Path, tmp_path: Path) -> None:
    """Copy tracked and untracked, but no ignored files, like a clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = tmp_path / "clone.tar"
    with tarfile.open(archive, "w") as tar:
        for name in filter(None, listed.stdout.split("\0")):
            if (REPOSITORY / name).exists():
                tar.add(REPOSITORY / name, arcname=name)
    target.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")


def test_ordinary_user_reaches_jupyterlab_with_one_command(clone: Clone, page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    told = tmp_path / "told.txt"
    with told.open("w") as log:
        process = subprocess.Popen(
            clone.command("start"), stdout=subprocess.PIPE, stderr=log, text=True, stdin=subprocess.DEVNULL
        )
    assert process.stdout
    address, link = process.stdout.readline(), process.stdout.readline()
    assert address.split()[-1:] == [f"http://localhost:{clone.port}/"], told.read_text()
    assert f"Not running as root: all users share the account {NAME}." in told.read_text()

    flow.log_in(page, link.split()[-1])
    flow.new_workspace(page, "first", notes)
    flow.launch(page)
    expect(page.get_by_role("tab", name="REANA runs")).to_be_visible()
    flow.run_a_cell(page)

    stopped = subprocess.run(
        clone.command("stop"), capture_output=True, text=True, check=True, timeout=COMMAND_TIMEOUT_S
    )
    assert "All sessions have ended." in stopped.stderr
    assert process.wait(60) == 0
    process.stdout.close()
    left = subprocess.run(["pgrep", "-u", NAME, "-f", "jupyter"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
