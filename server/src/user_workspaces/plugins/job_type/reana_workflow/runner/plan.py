"""The plan of a run (`plan.json`), and the environment variables of its commands."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .environment import ACTIVATED, without_environment
from .journal import CannotRun
from .processes import TAG

VERSION = 1
LONGEST_PLAN = 16 << 20
KEPT = (
    *("HOME", "LANG", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "SHELL", "TZ", "USER", "UWS_JOB_ID", "UWS_JOB_KEY"),
    *ACTIVATED,
)
SHELL = ("/bin/bash", "-c")


class Options(NamedTuple):
    """The options of the command line: absolute directories, seconds, bytes."""

    state: Path
    workspace: Path
    secrets: Path
    grace: float
    log_limit: int


class Runtime(NamedTuple):
    """The container runtime; `{uuid}` in an element of a command line stands for the command's UUID."""

    name: str = "none"
    argv: tuple[str, ...] = ()
    """The command line before each command; a step may have its own. Empty: the shell of the resource."""
    cleanup: tuple[str, ...] = ()
    """The command line that cleans up after a failed command; empty: none."""
    warning: str = ""
    """A warning at the start of the run."""
    variable_prefix: str = ""
    """Prefix of variable names, for runtimes that pass on only those with a prefix."""
    secrets_directory: str = ""
    """Directory of the secret files inside the container; empty: the same as outside."""
    uses_images: bool = False
    """True if commands run in the image of their step, not in the environment of this job."""


class Step(NamedTuple):
    """A step of the workflow."""

    name: str
    environment: str
    commands: tuple[str, ...]
    argv: tuple[str, ...]
    time_limit_seconds: float
    """Per command; infinite without a limit."""
    compute_backend: str


class Plan(NamedTuple):
    """The complete plan; `digest` is the SHA-256 of the file."""

    steps: tuple[Step, ...]
    runtime: Runtime
    variables: dict[str, str]
    restart: int
    digest: str
    environment_name: str
    """The environment of the commands, such as `workspace Fit`; empty: unknown."""


class Job(NamedTuple):
    """One command of a step (a job in REANA); its UUID stays the same through restarts."""

    uuid: str
    number: int
    """The number of the step, from 0."""
    step: Step
    command: str


def read_plan(path: Path) -> Plan:
    """Return the plan; raises `CannotRun` for an invalid file."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_PLAN + 1)
        written = _of_this_version(data)
        runtime = dict(written.get("runtime") or {})
        argv, cleanup = (_texts(runtime.pop(name, None) or ()) for name in ("argv", "cleanup"))
        uses_images = bool(runtime.pop("uses_images", runtime.get("name", "none") != "none"))
        texts = {name: _text(value) for name, value in runtime.items()}
        return Plan(
            tuple(_step(step, argv) for step in written["steps"]),
            Runtime(argv=argv, cleanup=cleanup, uses_images=uses_images, **texts),
            {_text(name): _text(value) for name, value in (written.get("variables") or {}).items()},
            int(written.get("restart") or 0),
            hashlib.sha256(data).hexdigest(),
            _text(written.get("environment_name") or ""),
        )
    except OSError as error:
        raise CannotRun(f"The plan of this run cannot be read: {error.strerror}.") from None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CannotRun(f"The plan of this run is invalid: {type(error).__name__}: {error}.") from None


def _of_this_version(data: bytes) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(data)
    if len(data) > LONGEST_PLAN or written["version"] != VERSION:
        raise ValueError("too long, or of another version")
    return written


def _step(written: dict[str, Any], argv: tuple[str, ...]) -> Step:
    limit = written.get("time_limit_seconds")
    return Step(
        _text(written.get("name") or ""),
        _text(written.get("environment") or ""),
        _texts(written["commands"]),
        _texts(written.get("argv") or argv or SHELL),
        float("inf") if limit is None else float(limit),
        _text(written.get("compute_backend") or ""),
    )


def _texts(written: Any) -> tuple[str, ...]:  # noqa: ANN401  any JSON value
    if isinstance(written, str):
        raise TypeError("a string in place of a list")
    return tuple(map(_text, written))


def _text(written: Any) -> str:  # noqa: ANN401  any JSON value
    if not isinstance(written, str) or "\0" in written:
        raise TypeError("not a string")
    return written


def environment_of(job: Job, plan: Plan, options: Options) -> dict[str, str]:
    """Return the environment variables of a command; raises `CannotRun` if others could read the secrets."""
    values = {**plan.variables, **_secrets(options.secrets)}
    values["REANA_SECRETS_DIR"] = plan.runtime.secrets_directory or str(options.secrets / "files")
    values["REANA_WORKSPACE"] = str(options.workspace)
    found = without_environment(os.environ) if plan.runtime.uses_images else os.environ
    kept = {name: found[name] for name in KEPT if name in found}
    declared = {plan.runtime.variable_prefix + name: value for name, value in values.items()}
    return {**kept, **declared, TAG: job.uuid}


def _secrets(directory: Path) -> dict[str, str]:
    """Return the secret variables, from `environment.json` in a directory that only its owner can enter."""
    try:
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise CannotRun("The directory of the secrets is accessible to other accounts, so nothing is run.")
        with suppress(FileNotFoundError):
            written = json.loads((directory / "environment.json").read_bytes())
            return {_text(name): _text(value) for name, value in written.items()}
    except FileNotFoundError:
        pass  # a run without secrets
    except (OSError, AttributeError, TypeError, ValueError):
        raise CannotRun("The secrets of this run cannot be read.") from None  # the cause could reveal a secret
    return {}
