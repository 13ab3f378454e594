"""Memory growth of the web process by long lists: private MiB at the start, afterwards, and the limit.

Four clients ask a few thousand times for a list of 600 jobs, as portals poll it, then for one of 10,000. Then the same
with a server that does not keep itself small, which is asked less often: it grows with each request. The ratio is that
of the growth without the bound to the growth with it.

    python benchmarks/memory.py
"""

import http.client
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from support.live_server import LiveServer, live_server_process

HERE = Path(__file__).resolve().parent
CLIENTS = 4
BOUND = 150.0
"""Limit of private memory in MiB."""


@dataclass(frozen=True)
class Case:
    """A list, and its total number of requests, on a bounded and an unbounded server."""

    rows: int
    requests: int
    requests_unbounded: int


CASES = (Case(600, 3000, 1000), Case(10_000, 240, 40))


def own_memory(pid: int) -> float:
    """Return the private memory of a process in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:"))) / 1024


def ask(server: LiveServer, token: str, times: int) -> None:
    """Request the list of jobs repeatedly on one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        for _ in range(times):
            connection.request("GET", "/jobs/", headers={"UWS-Authorization": f"Token {token}"})
            response = connection.getresponse()
            found = response.read()
            if response.status != http.client.OK:
                raise SystemExit(f"GET /jobs/: {response.status} {found[:200]!r}")


def grown(rows: int, requests: int, **environment: str) -> tuple[float, float]:
    """Return the memory of the web process at the start and afterwards."""
    with live_server_process(controller=False, further={"PYTHONPATH": str(HERE), **environment}) as server:
        command = f"import api_rows; api_rows.fill({server.username!r}, few=1, many={rows})"
        token = json.loads(server.manage("shell", "--no-imports", "-c", command).splitlines()[-1])["many"]
        before = own_memory(server.pids["web"])
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda _: ask(server, token, requests // CLIENTS), range(CLIENTS)))
        return before, own_memory(server.pids["web"])


def main() -> int:
    """Print a line for each list; return 1 if the limit is exceeded."""
    met = True
    print("own memory of the web process in MiB   requests   start   after   bound   without   ratio of growth")
    for case in CASES:
        before, after = grown(case.rows, case.requests)
        began, ended = grown(case.rows, case.requests_unbounded, DJANGO_SETTINGS_MODULE="unbounded_settings")
        met = met and after <= BOUND
        mark = "" if after <= BOUND else "   MISSED"
        ratio = (ended - began) / max(after - before, 1.0)
        print(
            f"  list of {case.rows:<6} {case.requests:>30}  {before:6.1f}  {after:6.1f}  {BOUND:6.1f}  {ended:8.1f}"
            f"  {ratio:8.1f} ({case.requests_unbounded} requests without){mark}"
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
