"""Prepares the job of an application, and executes the application or relays connections to it."""

import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from .bridge import run_behind_socket
from .interpreter import make_interpreter
from .own_network import NoNetwork, enter_own_network

JOB = Path(__file__).absolute().parents[1]
STATE, RUNTIME = JOB / "state", JOB / "r"
"""`r` is short, because programs put sockets there, and socket paths are limited to 107 bytes."""
CANNOT_RUN = 126
SHARED = (
    "This application listens on a TCP port, but jobs share this machine's network, so other accounts could connect to "
    "it. It was not started. Ask your administrator to install slirp4netns."
)


def main() -> None:
    """Run until the application ends."""
    plan = json.loads((JOB / "application.json").read_text())
    _check_file(plan["file"])
    for folder in (STATE, STATE / "tmp", RUNTIME):
        folder.mkdir(mode=0o700, exist_ok=True)
    _remove_socket(Path(plan["socket"]))
    environment = _environment(plan)
    if plan["python"]:
        make_interpreter(Path(plan["python"]), application=plan["environment"])
    command = list(plan["command"])
    if plan["listen"] == "socket":
        _become(command, environment)
    _keep_others_out(plan)
    sys.exit(run_behind_socket(command, environment, path=plan["socket"], port=plan["port"]))


def _environment(plan: dict[str, Any]) -> dict[str, str]:
    own = {"TMPDIR": str(STATE / "tmp"), "XDG_RUNTIME_DIR": str(RUNTIME), "UWS_FILE": plan["file"]}
    return {**os.environ, **own, **plan["variables"]}


def _check_file(path: str) -> None:
    if path and not Path(path).is_file():
        sys.exit(f"The file {path} does not exist. Choose another file and launch again.")


def _remove_socket(path: Path) -> None:
    """Remove the socket of an earlier start, on which the application could not listen."""
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()


def _become(command: list[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606  a list, no shell
    except OSError as error:
        print(f"Cannot start {command[0]}: {error.strerror}.", file=sys.stderr)  # noqa: T201  the log of the job
        sys.exit(CANNOT_RUN)


def _keep_others_out(plan: dict[str, Any]) -> None:
    """Exit if other accounts could connect to a TCP port of this job."""
    if os.environ.get("UWS_NETWORK") == "isolated":
        return
    if plan["listen"] == "port":
        sys.exit(SHARED)
    try:
        enter_own_network()
    except NoNetwork as reason:
        sys.exit(f"{SHARED} ({reason})")
