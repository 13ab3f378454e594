"""CPU time of the web process for each API request, over loopback with a keep-alive connection.

Each value has its target, and its ratio to the floor: a constant view in the same server that returns the same
bytes. On SQLite and, where it is installed, on PostgreSQL.

    python benchmarks/api.py [--seconds S]
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.live_server import LiveServer, live_server_process

HERE = Path(__file__).resolve().parent
POSTGRES = HERE.parent / "scripts" / "with_postgres.py"
NO_POSTGRES = 3
FEW, MANY = 10, 10_000
WARM_UP, RUNS = 50, 7
SLOW = 50.0
"""Milliseconds; slower requests are measured a few times only."""
NEW = {
    "name": "cell-atlas",
    "description": "second pass",
    "workspace_details": {
        "files": [{"name": "notes/plan.md", "content": "# Plan\n" * 20}, {"name": "run.py", "content": "print(42)\n"}]
    },
}


@dataclass(frozen=True)
class Case:
    """A request, with its target in milliseconds."""

    name: str
    user: str
    path: str
    target: float
    method: str = "GET"
    body: bytes = b""


PAGE_OF_RUNS = "type=batch&size=50&page=100&include_progress=true&include_workspace_size=true"
CASES = (
    Case("GET /workspaces/, 10 rows", "few", "/workspaces/", 2.0),
    Case("GET /workspaces/, 50 of 10,000", "many", "/workspaces/?limit=50&offset=5000", 2.5),
    Case("GET /workspaces/, all 10,000", "many", "/workspaces/", 100.0),
    Case("GET /jobs/, 10 rows", "few", "/jobs/", 2.0),
    Case("GET /jobs/, 50 of 10,000", "many", "/jobs/?limit=50&offset=5000", 2.5),
    Case("GET /jobs/, all 10,000", "many", "/jobs/", 100.0),
    Case("GET /api/workflows, 50 of 10,000", "runner", f"/api/workflows?{PAGE_OF_RUNS}", 5.0),
    Case("POST /workspaces/, two files", "maker", "/workspaces/", 8.0, "POST", json.dumps(NEW).encode()),
)


class Client:
    """A keep-alive connection with a token."""

    def __init__(self, server: LiveServer, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"UWS-Authorization": f"Token {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of a successful response."""
        self._connection.request(method, path, body or None, self._headers)
        response = self._connection.getresponse()
        found = response.read()
        if response.status != http.client.OK:
            raise SystemExit(f"{method} {path}: {response.status} {found[:200]!r}")
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of a process so far, as the scheduler counts it (nanoseconds)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def cost(server: LiveServer, client: Client, case: Case, *, seconds: float) -> float:
    """Return the CPU milliseconds of the web process for one request: the least of several runs.

    Other work on the machine only ever adds to it: a processor that is shared has cold caches, and two that are
    threads of one core slow each other down.
    """
    requests = WARM_UP if case.target < SLOW else 2
    runs = [_run(server, client, case, requests) for _ in range(2)]
    requests = max(1, int(seconds / RUNS / (min(runs) / 1000)))
    return min(_run(server, client, case, requests) for _ in range(RUNS))


def _run(server: LiveServer, client: Client, case: Case, requests: int) -> float:
    begin = cpu_seconds(server.pids["web"])
    for _ in range(requests):
        client.ask(case.method, case.path, case.body)
    return (cpu_seconds(server.pids["web"]) - begin) / requests * 1000


def _unlimited(config: dict[str, Any]) -> None:
    """Disable the rate limits."""
    config["workflows"] = {"requests_per_second": None}


def measure(name: str, *, seconds: float, **environment: str) -> bool:
    """Print the table of one database; return whether all targets are met."""
    print(f"{name:<34} CPU ms   target   floor   ratio")
    settings = {"DJANGO_SETTINGS_MODULE": "api_settings", "PYTHONPATH": str(HERE)}
    met = True
    with live_server_process(controller=False, change=_unlimited, further={**settings, **environment}) as server:
        command = f"import api_rows; api_rows.fill({server.username!r}, few={FEW}, many={MANY})"
        tokens = json.loads(server.manage("shell", "--no-imports", "-c", command).splitlines()[-1])
        for number, case in enumerate(CASES):
            with closing(Client(server, tokens[case.user])) as client:
                shown = client.ask(case.method, case.path, case.body)
                (server.folder / f"constant-{number}").write_bytes(shown)
                constant = Case(case.name, case.user, f"/constant/{number}", case.target)
                floor = cost(server, client, constant, seconds=seconds)
                found = cost(server, client, case, seconds=seconds)
            mark = "" if found <= case.target else "   MISSED"
            met = met and not mark
            print(f"  {case.name:<32} {found:6.2f}   {case.target:6.1f}  {floor:6.2f}  {found / floor:6.1f}{mark}")
    return met


def main() -> int:
    """Measure on SQLite, then on PostgreSQL in a child process with its own database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU seconds for each figure")
    parser.add_argument("--only", action="store_true", help="the database of UWS_TEST_DATABASE alone")
    asked = parser.parse_args()
    url = os.environ.get("UWS_TEST_DATABASE")
    if asked.only or url:
        name = "PostgreSQL" if url else "SQLite"
        return 0 if measure(name, seconds=asked.seconds, **({"DATABASE_URL": url} if url else {})) else 1
    codes = [0 if measure("SQLite", seconds=asked.seconds) else 1]
    again = [sys.executable, POSTGRES, sys.executable, "-P", __file__, "--only", "--seconds", str(asked.seconds)]
    codes.append(subprocess.run(again, check=False).returncode)
    if codes[-1] == NO_POSTGRES:
        print("PostgreSQL: not installed, not measured")
        return codes[0]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
