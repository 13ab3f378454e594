"""Runs a resolver on loopback, which resolv.conf names, and lets a job resolve a name."""

import socket
import struct
import sys
import threading
from pathlib import Path

from plugins.resource.local.worlds import World
from user_workspaces.testing.resource_contract import end_of

RESOLVER = ("127.45.83.7", 53)
ANSWER = socket.inet_aton("192.0.2.77")
A_RECORD = 1


def response(question: bytes) -> bytes:
    """Return the one address for whatever is asked, and nothing for other kinds of records."""
    end = question.index(b"\0", 12) + 5
    is_known = struct.unpack("!H", question[end - 4 : end - 2])[0] == A_RECORD
    head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_known), 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, A_RECORD, 1, 60, len(ANSWER)) + ANSWER
    return head + question[12:end] + (record if is_known else b"")


def serve(resolver: socket.socket) -> None:
    while True:
        question, peer = resolver.recvfrom(2000)
        resolver.sendto(response(question), peer)


def main() -> None:
    world = World(Path(sys.argv[1]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(RESOLVER)
        threading.Thread(target=serve, args=(resolver,), daemon=True).start()
        spec = world.spec("cat /etc/resolv.conf; getent ahostsv4 some.example | cut -d' ' -f1 | sort -u")
        resource = world.resource()
        resource.submit(spec)
        end_of(resource, spec)
        sys.stdout.write(resource.log_tail(spec.key, lines=5))


if __name__ == "__main__":
    main()
