"""Services and callers on both sides of a job's network."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from user_workspaces.proxy.relay.peer_account import may_be_proxy

Address = tuple[str, int]
SAYS = "echo asked >&3 && read -t 5 -u 3 line && echo $line"

SERVERS = """
import os, socket, sys, threading, time
def serve(one):
    while True:
        peer, _ = one.accept()
        peer.sendall(sys.argv[1].encode())
        peer.close()
listening = [socket.create_server((host, 0), family=family) for host, family in (
    ("127.0.0.1", socket.AF_INET), ("0.0.0.0", socket.AF_INET), ("::1", socket.AF_INET6), ("::", socket.AF_INET6))]
hidden = socket.socket(socket.AF_UNIX)
hidden.bind("\\0" + sys.argv[1])
hidden.listen()
ports = " ".join(str(one.getsockname()[1]) for one in listening)
with open("ports.new", "w") as file: print(ports, file=file)
os.rename("ports.new", "ports")
[threading.Thread(target=serve, args=[one], daemon=True).start() for one in listening]
[socket.create_connection(("127.0.0.1", one.getsockname()[1]), timeout=5) for one in listening[:2]]
print("reached from inside", flush=True)
time.sleep(600)
"""
"""A program with servers on loopback, on all addresses, and on an abstract socket; they send its argument."""


@dataclass
class Service:
    """A service of the machine that responds to one line with one line."""

    address: Address
    heard: list[bytes] = field(default_factory=list)
    believed: list[bool] = field(default_factory=list)
    """Of each connection, whether it could be a trusted web server's."""


@contextmanager
def service(host: str = "127.0.0.1") -> Iterator[Service]:
    """Answer in a thread for a while."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        found = Service((host, listener.getsockname()[1]))

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer, suppress(OSError):
                    peer.settimeout(10)
                    found.believed.append(may_be_proxy(peer))
                    found.heard.append(peer.recv(100))
                    peer.sendall(b"answered\n")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def ask(host: str, port: int) -> str:
    """Return a line of bash that calls a service and prints the response, or `nothing`."""
    connect = f"exec 3<>/dev/tcp/{host}/{port}"
    return f"timeout 10 bash -c '{connect} && {SAYS}' 2>/dev/null || echo nothing\n"


def own_address() -> str:
    """Return an address of this machine that is not loopback; empty where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anybody:
        try:
            anybody.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return ""
        return str(anybody.getsockname()[0])


def reaches(host: str, port: int, sent: str) -> bool:
    """Return True if this process reaches a server there that sends the text.

    Another process of the machine may listen on the same port, as the job's network has ports of its own.
    """
    try:
        with socket.create_connection((host, port), timeout=2) as peer:
            return peer.recv(200) == sent.encode()
    except OSError:
        return False


def can_connect_to_name(name: str) -> bool:
    """Say whether an abstract Unix socket can be reached from here."""
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(f"\0{name}")
        except OSError:
            return False
        return True


def network_of(pid: int) -> str:
    """Return what the kernel calls the network of a process; empty when it is gone."""
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    return ""
