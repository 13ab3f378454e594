"""A second machine: a network namespace with a browser, connected by a virtual cable."""

import contextlib
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from e2e.conftest import QUIET

FORWARD = """
import socket, sys, threading
def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    near, _ = listener.accept()
    far = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    for pair in ((near, far), (far, near)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""
"""Port forwarding like `ssh -L port:host:port`, without encryption."""


@dataclass(frozen=True)
class Machine:
    """The second machine."""

    namespace: str
    server_address: str
    """Address of this machine, as seen by the other one."""
    folder: Path

    def browser(self, playwright: Playwright, *, names: dict[str, str]) -> Browser:
        """Start Chromium there; `names` are resolved as by a name server."""
        program = self.folder / "chromium"
        program.write_text(f'#!/bin/sh\nexec ip netns exec {self.namespace} {shutil.which("chromium")} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        rules = ", ".join(f"MAP {name} {address}" for name, address in names.items())
        return playwright.chromium.launch(executable_path=program, args=[*QUIET, f"--host-resolver-rules={rules}"])

    @contextlib.contextmanager
    def forwarded(self, port: int, *, to: int) -> Iterator[None]:
        """Forward a port of the other machine's loopback to one of this machine."""
        command = ["ip", "netns", "exec", self.namespace, sys.executable, "-c", FORWARD]
        arguments = [str(port), self.server_address, str(to)]
        with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE) as forwarding:
            try:
                assert forwarding.stdout
                assert forwarding.stdout.readline()
                yield
            finally:
                forwarding.terminate()


@contextlib.contextmanager
def second_machine(folder: Path) -> Iterator[Machine]:
    """Create a namespace and a cable to it; needs root."""
    name = f"uws{os.getpid()}"
    subnet = f"10.{random.SystemRandom().randrange(64, 250)}.{random.SystemRandom().randrange(250)}"
    here, there = f"{name}a", f"{name}b"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _ip("addr", "add", f"{subnet}.1/24", "dev", here)
        _ip("link", "set", here, "up")
        _ip("-n", name, "addr", "add", f"{subnet}.2/24", "dev", there)
        _ip("-n", name, "link", "set", there, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield Machine(name, f"{subnet}.1", folder)
    finally:
        _ip("netns", "del", name)  # the cable goes with it


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
