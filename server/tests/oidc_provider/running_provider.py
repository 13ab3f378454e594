"""Runs `provider.py` as a child process."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.server_process import free_port

SCRIPT = Path(__file__).with_name("provider.py")
CLIENT_ID, CLIENT_SECRET = "uws", "the-secret-of-uws"


@dataclass(frozen=True)
class RunningProvider:
    """The address of a running provider."""

    port: int

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return f"{self.url}/o"


@contextmanager
def running_provider(*redirect_uris: str) -> Iterator[RunningProvider]:
    """Run the provider with one client that has these redirect URIs."""
    with tempfile.TemporaryDirectory(prefix="uws-oidc-") as folder:
        port = free_port()
        with subprocess.Popen(
            [sys.executable, str(SCRIPT), str(port), folder, *redirect_uris], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                yield RunningProvider(port)
            finally:
                process.kill()
