"""The network of one job: a namespace with a limited uplink. Standard library only.

All accounts of a machine share its loopback, so every account could connect to a port that a job listens on there.
Therefore a job gets its own loopback (and its own abstract Unix sockets), and an uplink that `uplink.py` runs.
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
"""An address range reserved for tests (RFC 2544), and the address of slirp4netns's DNS forwarder in it."""
RESOLV_CONF = "/etc/resolv.conf"
# Longer than both attempts of the uplink to start slirp4netns, of `uplink.START_SECONDS` each.
READY_SECONDS = 10.0
BACKLOG = 128
ISOLATED, SHARED = "isolated", "shared"
VARIABLE = "UWS_NETWORK"
"""The environment variable that holds one of the two for a job."""
PROBLEM = "network-problem"
"""A file beside the state folders: why the newest job has no network of its own."""


class Network(NamedTuple):
    """Descriptors of a job's network, and a pipe that reports that the uplink is ready."""

    namespace: int
    services: list[Service]
    is_ready: int
    ready: int

    def close(self) -> None:
        """Close the descriptors in this process."""
        for handle in (self.namespace, self.is_ready, self.ready):
            os.close(handle)
        for service in self.services:
            service.listener.close()


def make_network(services: Sequence[Sequence[Address]], *, uid: int) -> Network:
    """Create a namespace with listeners for the machine's services that the job can reach; raises `OSError`."""
    with namespaces.new_network() as namespace:
        listening = [
            Service(listener, [(host, port) for host, port in addresses], uid=uid)
            for addresses in services
            for host, port in addresses
            if (listener := _listen(host, port)) is not None
        ]
    return Network(namespace, listening, *os.pipe())


def _listen(host: str, port: int) -> socket.socket | None:
    """Listen in the current namespace; None if it lacks the address (IPv6 may be disabled)."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    with suppress(OSError):
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    listener.close()
    return None


def enter(network: Network, *, resolvers: Path) -> bool:
    """Move this process into the network once its uplink is ready; False if it does not become ready.

    `resolvers`: a file that replaces the machine's resolv.conf, if it exists.
    """
    # Else this process would keep the pipe open, and never see that the uplink ended without a report.
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
    """Write a resolv.conf for the job if the machine's names a name server on loopback; else nothing."""
    with suppress(OSError):
        text = source.read_text(errors="replace")
        changed = without_loopback(text)
        if changed != text:
            target.write_text(changed)
            target.chmod(0o644)


def without_loopback(text: str) -> str:
    """Return a resolv.conf with the uplink's name server in place of those on loopback.

    Without any name server, resolv.conf(5) means the one on this machine.
    """
    lines = [line for line in text.splitlines() if not _names_loopback(line)]
    named = [line for line in text.splitlines() if line.split()[:1] == ["nameserver"]]
    if named and all(line in lines for line in named):
        return text
    return "\n".join([f"nameserver {NAME_SERVER}", *lines, ""])


def _names_loopback(line: str) -> bool:
    words = line.split()
    return words[:1] == ["nameserver"] and words[1:2] != [] and words[1].startswith(("127.", "::1"))
