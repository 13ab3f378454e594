"""Network isolation of jobs: requirements of this machine, and the services that isolated jobs reach."""

import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from user_workspaces.errors import SubmissionRejected
from user_workspaces.plugins.resource.local.network import PROBLEM
from user_workspaces.plugins.resource.local.options import ConnectionDetails
from user_workspaces.plugins.resource.local.relay import Address

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAM = "slirp4netns"
TUN, NAMESPACE = Path("/dev/net/tun"), Path("/proc/self/ns/net")
CAP_SYS_ADMIN = 21
"""capabilities(7): required by unshare(2) and setns(2)."""
SHARED = "Jobs share this machine's network, so other accounts can connect to their ports"


@dataclass(frozen=True, slots=True)
class Isolation:
    """The configured isolation on this machine."""

    details: ConnectionDetails
    server_url: str
    data_dir: Path

    def uplink(self) -> str:
        """Return the path of slirp4netns if jobs get their own network, else ""; raises `SubmissionRejected`."""
        if self.details.network == "shared":
            return ""
        missing = describe_missing()
        if missing and self.must_isolate:
            raise SubmissionRejected(f"Jobs cannot be isolated from the network of this machine: {missing}")
        # Only the standard folders are searched, since the program runs as root.
        return "" if missing else shutil.which(PROGRAM, path=STANDARD_PATH) or ""

    @property
    def must_isolate(self) -> bool:
        """True if a job must not run in a shared network."""
        return self.details.network == "isolated"

    def services(self) -> list[list[Address]]:
        """Return the loopback services that jobs can reach, each with its addresses: first this server's API."""
        found = [server_addresses(self.server_url)]
        for service in self.details.loopback_services:
            host, _, port = service.rpartition(":")
            found.append([(host.strip("[]"), int(port))])
        return [addresses for addresses in found if addresses]

    def problem(self) -> str:
        """Return why jobs share the machine's network although that is not configured; "" if they do not."""
        if self.details.network == "shared":
            return ""
        if missing := describe_missing():
            return f"{SHARED}: {missing}"
        try:
            problem = (self.data_dir / PROBLEM).read_text()
        except OSError:
            return ""
        return f"{SHARED}: {problem}"


def describe_missing() -> str:
    """Return what this machine lacks for isolated jobs, with the remedy; "" for nothing."""
    if os.geteuid() != 0:
        return "the server does not run as root."
    if shutil.which(PROGRAM, path=STANDARD_PATH) is None:
        return f"{PROGRAM} is not installed (`apt install {PROGRAM}`)."
    if not NAMESPACE.exists():
        return "the kernel has no network namespaces."
    if not TUN.exists():
        return f"{TUN} does not exist (`modprobe tun`; in a container: `--device {TUN}`)."
    # In a container, root usually lacks this capability.
    if not _has_capability(CAP_SYS_ADMIN):
        return "the server may not create namespaces (in a container: `--cap-add SYS_ADMIN`)."
    return ""


def _has_capability(number: int) -> bool:
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> number & 1)


def server_addresses(url: str) -> list[Address]:
    """Return the loopback addresses of a URL's host; none for other addresses, which jobs reach anyway."""
    parts = urlsplit(url)
    if not parts.hostname:
        return []
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [(host, port) for host in _resolve(parts.hostname) if ip_address(host.partition("%")[0]).is_loopback]


def _resolve(name: str) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
