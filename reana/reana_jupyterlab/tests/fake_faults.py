"""Faults of REANA servers that the fake REANA can show on request."""

import subprocess
import threading
from functools import partial
from pathlib import Path

from reana_jupyterlab.tests import fake_routes
from reana_jupyterlab.tests.fake_reana import Exchange, Fault, Run

SQL_ERROR = (
    "(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint "
    '"_workflow_resource_pkey"\nDETAIL:  Key (workflow_id, resource_id)=(4f9e, 91b2) already exists.\n'
    "[SQL: INSERT INTO __reana.workflow_resource (workflow_id, resource_id, quota_used) VALUES (%(w)s, %(r)s, %(q)s)]\n"
    "(Background on this error at: https://sqlalche.me/e/14/gkpj)"
)


def slam(exchange: Exchange) -> None:
    """Close the connection without a response."""
    exchange.close_connection = True


def then_slam(act: Fault) -> Fault:
    """Handle the request, and close the connection instead of responding."""

    def fault(exchange: Exchange) -> None:
        answer, exchange.wfile = exchange.wfile, _NullWriter()  # type: ignore[assignment] # the part that is used
        act(exchange)
        exchange.wfile = answer
        exchange.close_connection = True

    return fault


class _NullWriter:
    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None: ...


class DiskAccounting:
    """Where disk space is accounted at the end of a run, its first upload makes the row: two at once collide.

    The first upload of a run waits a moment for a second one, so that a client that sends two at once always collides.
    """

    MOMENT_S = 0.3

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, threading.Event] = {}
        self._accounted: set[str] = set()
        self.collisions = 0

    def __call__(self, exchange: Exchange) -> None:
        """Answer an upload."""
        run = exchange.run(exchange.path_only.split("/")[3])
        assert isinstance(run, Run)
        with self._lock:
            second = self._seconds.get(run.id)
            is_first = second is None and run.id not in self._accounted
            collides = second is not None and run.id not in self._accounted
            if is_first:
                self._seconds[run.id] = threading.Event()
            elif collides:
                self.collisions += 1
        if collides:
            self._seconds[run.id].set()
            exchange.json({"message": SQL_ERROR}, 500)
            return
        if is_first:
            self._seconds[run.id].wait(self.MOMENT_S)
        fake_routes.upload(exchange, run.id)
        self._accounted.add(run.id)


def make_certificate(folder: Path, *, name: str = "IP:127.0.0.1", days: int = 2) -> tuple[Path, Path]:
    """Make a certificate that its own key signed, in two steps: only the second knows one that ends at once."""
    key, certificate, request, names = (folder / f"{one}.pem" for one in ("key", "certificate", "request", "names"))
    names.write_text(f"subjectAltName={name}\n", encoding="utf-8")
    run = partial(subprocess.run, check=True, capture_output=True)
    run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", request])
    signing = ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", str(days)]
    run([*signing, "-extfile", names, "-out", certificate])
    return certificate, key
