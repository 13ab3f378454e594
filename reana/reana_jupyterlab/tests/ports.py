"""Ports for the servers of tests."""

import random
from contextlib import suppress
from socket import socket

PORTS = range(10_000, 32_000)
"""Below those that the system gives to connections: none of them takes it while the server still starts."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("A hundred ports are taken.")
