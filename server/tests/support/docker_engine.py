"""A separate Docker engine for the tests, and an image of programs of this machine: nothing is downloaded."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from support.server_process import REPOSITORY
from user_workspaces.testing.waiting import eventually

PROGRAMS = ("bash", "cat", "id", "ls", "sleep", "tee")
UNPACKED = REPOSITORY / ".cache" / "docker" / "usr"
PATH = f"{UNPACKED}/sbin:{UNPACKED}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
END_SECONDS = 60


@dataclass(frozen=True)
class Engine:
    """A running engine; `program` is a `docker` client that all accounts can use."""

    program: Path

    def __call__(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run a `docker` command; return its output."""
        done = subprocess.run([self.program, *arguments], input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def try_out(self, image: str) -> None:
        """Skip the test if the kernel of this machine does not let the engine run a container with limits."""
        command = [str(self.program), "run", "--rm", "--network=none", "--memory=64m", image, "/bin/bash", "-c", "true"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or done.stderr:
            pytest.skip(f"NOT RUN: the Docker engine cannot run a container here: {done.stderr[-300:]}")

    def containers(self) -> list[str]:
        """Return the names of all containers, including those that have ended."""
        return self("ps", "--all", "--format={{.Names}}").splitlines()


@contextmanager
def docker_engine() -> Iterator[Engine]:
    """Run an engine until the end of the block; skip the test if none can run here."""
    daemon, client = shutil.which("dockerd", path=PATH), shutil.which("docker", path=PATH)
    if daemon is None or client is None or os.geteuid() != 0:
        pytest.skip("NOT RUN: no Docker engine can be started here (Debian: docker.io, and it has to be root)")
    folder = Path(tempfile.mkdtemp(prefix="uws-docker-"))
    folder.chmod(0o755)
    socket = folder / "docker.sock"
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\nDOCKER_HOST=unix://{socket} exec {folder}/client "$@"\n')
    program.chmod(0o755)
    shutil.copy(client, folder / "client")  # where the accounts of users can reach it
    options = [f"--data-root={folder}/data", f"--exec-root={folder}/run", f"--pidfile={folder}/pid"]
    options += [f"--host=unix://{socket}", "--storage-driver=vfs", "--bridge=none", "--iptables=false"]
    options += ["--ip-masq=false", f"--config-file={folder}/none.json"]
    (folder / "none.json").write_text("{}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([daemon, *options], env={"PATH": PATH}, stdout=log, stderr=log)
    try:
        if not _responds(process, program):
            pytest.skip(f"NOT RUN: the Docker engine does not start here: {(folder / 'log').read_text()[-300:]}")
        socket.chmod(0o666)
        yield Engine(program)
    finally:
        process.terminate()
        process.wait(END_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _responds(process: subprocess.Popen[bytes], program: Path) -> bool:
    def ended_or_responds() -> bool:
        asked = subprocess.run([program, "version"], capture_output=True, check=False)
        return process.poll() is not None or asked.returncode == 0

    eventually(ended_or_responds, limit_seconds=END_SECONDS)
    return process.poll() is None


def image_of_this_machine() -> bytes:
    """Return a file system as a tar archive: a few programs, and the libraries that they need."""
    found: dict[str, str] = {}
    for program in PROGRAMS:
        path = shutil.which(program, path=PATH)
        assert path is not None, program
        linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout.split()
        found |= {word: word for word in linked if word.startswith("/")}
        found[f"/bin/{program}"] = path
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w", dereference=True) as archive:
        folders = {str(folder) for name in found for folder in Path(name).parents}
        for folder in sorted(folders):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, path in sorted(found.items()):
            archive.add(path, name)
    return content.getvalue()
