"""Offers a container runtime that works here: asks once at a start in a terminal; otherwise prints how to enable it."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from user_workspaces.config.config_edit import add_key
from user_workspaces.config.config_schema.config_file import parse
from user_workspaces.config.runtime_detection import Detected, detect
from user_workspaces.errors import ConfigurationError

KEY = "container_runtimes"
NO_CONTAINERS = {"none": {"name": "No containers", "container_runtime_type": "NoContainerRuntime"}}
PATIENCE_SECONDS = 20.0
HOW_TO = "docs/how-to/run-steps-in-containers.md"
YES, NO, ENTER, NO_MORE = "y", "n", ("\r", "\n"), ("", "\x03", "\x04")
Say = Callable[[str], None]


def offer_containers(config: Path, *, may_ask: bool, say: Say) -> None:
    """Offer a detected container runtime if the configuration names none, and store the answer there.

    `may_ask`: False if the operator named the file, which is then not edited.
    """
    if _names_one(config):
        return
    serves_accounts = os.geteuid() == 0
    found = detect(serves_accounts=serves_accounts)
    if found is None:
        return
    if not may_ask or not is_interactive():
        say(f"{found.candidate.name} found: workflow steps can run in containers ({KEY} in {config}, see {HOW_TO}).")
        return
    response = _prompt(found, needs=found.candidate.needs if serves_accounts else "")
    if response is None:
        say(
            f"No key was pressed, so nothing was changed. To enable containers later, set {KEY} in {config} "
            f"(see {HOW_TO})."
        )
        return
    try:
        add_key(config, KEY, found.entry() if response else NO_CONTAINERS)
    except ConfigurationError as error:
        say(f"Your choice could not be saved. {error.message}")
        return
    how = f"in containers of {found.candidate.name}" if response else "without containers"
    say(f"Workflow steps run {how} ({KEY} in {config}).")


def _names_one(config: Path) -> bool:
    """Return whether the operator has decided; True for an unreadable file, which is left alone."""
    try:
        return KEY in parse(config)[1]
    except ConfigurationError:
        return True


def is_interactive() -> bool:
    """Return whether the process runs in the foreground of a terminal, with all streams on it."""
    with suppress(OSError, ValueError):
        terminals = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        # The kernel stops a process in the background that reads from its terminal (SIGTTIN).
        return terminals and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return False


def _prompt(found: Detected, *, needs: str) -> bool | None:
    """Ask for one key; Enter means no if users need further setup. None: no answer in time."""
    choice = "[y/N]" if needs else "[Y/n]"
    words = [f"{found.candidate.name} found. Run workflow steps in containers?", needs, choice]
    sys.stderr.write(f"{' '.join(filter(None, words))} ")
    sys.stderr.flush()
    response = read_key(sys.stdin, default=not needs, within=PATIENCE_SECONDS)
    sys.stderr.write({True: "yes\n", False: "no\n", None: "\n"}[response])
    sys.stderr.flush()
    return response


def read_key(terminal: TextIO, *, default: bool, within: float) -> bool | None:
    """Return the answer of one key; None if no valid key came in time. Earlier input is discarded."""
    descriptor, deadline = terminal.fileno(), time.monotonic() + within
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSAFLUSH)
        while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            # `TextIO` would buffer more than one key, which `select` cannot see.
            key = os.read(descriptor, 1).decode("ascii", "replace").lower()
            if key in NO_MORE:
                return None
            if key in {YES, NO} or key in ENTER:
                return default if key in ENTER else key == YES
    finally:
        # This happens after Ctrl-C as well: the shell would be left without echo.
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
    return None
