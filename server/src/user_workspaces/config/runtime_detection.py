"""Finds a container runtime that works on this machine, with what jobs of the server find there."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JOB_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The search path of jobs."""
RESPONSE_SECONDS = 5.0
PROGRAM = re.compile(r"[\w./+][\w./+-]*")
"""What the option `program` of the plug-ins takes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A container runtime that a plug-in of this server can use."""

    name: str
    program: str
    container_runtime_type: str
    question: tuple[str, ...]
    """Arguments with which the program ends well, and prints `answer`, where it can run containers."""
    response: str = ""
    needs: str = ""
    """What users need where each has an account of their own; empty: nothing."""


DOCKER = Candidate(
    name="Docker",
    program="docker",
    container_runtime_type="DockerRuntime",
    question=("version", "--format", "{{.Server.Os}}"),
    response="linux",
    needs="Users must be in the group docker, which gives them root access to this machine.",
)
PODMAN = Candidate(
    name="Podman",
    program="podman",
    container_runtime_type="PodmanRuntime",
    question=("info", "--format", "{{.Host.OS}}"),
    response="linux",
    needs="Users need entries in /etc/subuid.",
)
APPTAINER = Candidate("Apptainer", "apptainer", "ApptainerRuntime", question=("version",))


@dataclass(frozen=True, slots=True)
class Detected:
    """A container runtime that works."""

    candidate: Candidate
    program: str
    """As the plug-in's option names it."""

    def entry(self) -> dict[str, object]:
        """Return the part `container_runtimes` of `config.json` for it."""
        candidate = self.candidate
        about: dict[str, object] = {
            "name": candidate.name,
            "container_runtime_type": candidate.container_runtime_type,
        }
        if self.program != candidate.program:
            about["options"] = {"program": self.program}
        return {candidate.program: about}


def detect(*, serves_accounts: bool) -> Detected | None:
    """Return the first that works; first those that need the least of users, where each has an account."""
    order = (APPTAINER, PODMAN, DOCKER) if serves_accounts else (DOCKER, PODMAN, APPTAINER)
    return next((found for candidate in order for found in _working(candidate)), None)


def _working(candidate: Candidate) -> Iterator[Detected]:
    """Yield what works of a candidate: the program that jobs find, then another one, by its path."""
    usual, other = shutil.which(candidate.program, path=JOB_PATH), shutil.which(candidate.program)
    options = {usual: candidate.program} if usual is not None else {}
    if other is not None:
        options.setdefault(other, str(Path(other).absolute()))
    for path, option in options.items():
        if PROGRAM.fullmatch(option) and _responds(candidate, path):
            yield Detected(candidate, option)


def _responds(candidate: Candidate, program: str) -> bool:
    # Jobs do not inherit the operator's variables: with these, a runtime could work in this check only.
    environment = {"PATH": JOB_PATH, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            [program, *candidate.question],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=RESPONSE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and candidate.response in done.stdout.decode(errors="replace")
