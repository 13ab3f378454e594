"""The provider of `provider.py`, as a process."""

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
    """Where it is."""

    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        """Who it says that it is."""
        return f"{self.url}/o"


@contextmanager
def running_provider(*redirect_uris: str) -> Iterator[RunningProvider]:
    """Run it for a while, with one client that may be come back to at these addresses."""
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
