"""The network of one job: a namespace of its own, from which only what a site allows leads out. Standard library only.

Loopback belongs to all accounts of a machine: what a job listens on there, every other account could connect to. So a
job gets a loopback of its own (and abstract Unix sockets of its own), and a way out that `uplink.py` keeps up.
"""

import os
import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from . import namespaces
from .relay import Address, Service

RANGE, NAME_SERVER = "198.19.0.0/24", "198.19.0.3"
"""Addresses that no network uses (RFC 2544), and the one of these at which slirp4netns answers for the machine's."""
RESOLV_CONF = "/etc/resolv.conf"
READY_SECONDS = 10.0
BACKLOG = 128
ISOLATED, SHARED = "isolated", "shared"
VARIABLE = "UWS_NETWORK"
"""Tells a job which of the two it has."""
PROBLEM = "network-problem"
"""A file beside the state folders: why the last job did not get a network of its own."""


class Network(NamedTuple):
    """Descriptors of a job's network, and the pipe that says when the way out is there."""

    namespace: int
    services: list[Service]
    is_ready: int
    ready: int

    def close(self) -> None:
        """Let go of it in this process."""
        for handle in (self.namespace, self.is_ready, self.ready):
            os.close(handle)
        for service in self.services:
            service.listener.close()


def make_network(services: Sequence[Sequence[Address]], *, uid: int) -> Network:
    """Make a namespace for an account's job, with the services of the machine that it may reach; raises OSError."""
    with namespaces.new_network() as namespace:
        listening = [
            Service(listener, [(host, port) for host, port in addresses], uid=uid)
            for addresses in services
            for host, port in addresses
            if (listener := _listen(host, port)) is not None
        ]
    return Network(namespace, listening, *os.pipe())


def _listen(host: str, port: int) -> socket.socket | None:
    """Listen in the present namespace; None where it has no such address (IPv6 may be switched off)."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    with suppress(OSError):
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    listener.close()
    return None


def enter(network: Network, *, resolvers: Path) -> bool:
    """Move this process into it once its way out is there; False when that does not come.

    `resolvers`: a file that takes the place of the machine's resolv.conf, where there is one.
    """
    os.close(network.ready)
    poll = select.poll()
    poll.register(network.is_ready)
    with suppress(OSError):
        if poll.poll(READY_SECONDS * 1000) and os.read(network.is_ready, 1):
            if resolvers.exists():
                namespaces.replace_file(RESOLV_CONF, resolvers)
            namespaces.enter_network(network.namespace)
            return True
    return False


def write_resolvers(target: Path, source: Path = Path(RESOLV_CONF)) -> None:
    """Write what a job needs for names in place of a resolv.conf that names loopback; nothing where it does not."""
    with suppress(OSError):
        text = source.read_text(errors="replace")
        changed = without_loopback(text)
        if changed != text:
            target.write_text(changed)
            target.chmod(0o644)


def without_loopback(text: str) -> str:
    """Return a resolv.conf in which the way out answers in place of name servers on loopback.

    No name server at all means the one of this machine, resolv.conf(5).
    """
    lines = [line for line in text.splitlines() if not _names_loopback(line)]
    named = [line for line in text.splitlines() if line.split()[:1] == ["nameserver"]]
    if named and all(line in lines for line in named):
        return text
    return "\n".join([f"nameserver {NAME_SERVER}", *lines, ""])


def _names_loopback(line: str) -> bool:
    words = line.split()
    return words[:1] == ["nameserver"] and words[1:2] != [] and words[1].startswith(("127.", "::1"))
