"""Cost of the extension for a Jupyter server (`make bench-extension`); exits with 1 if a limit is exceeded.

1. `GET /api/status` while ten requests hang at REANA, compared with none: p99 at most twice as long.
2. A list of runs through the extension, compared with a direct request: at most 5 ms more (median).
3. A download of 1 GB: the server's memory grows by less than 64 MB.
"""

import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from reana_jupyterlab.tests.fake_reana import TOKEN, Exchange, FakeReana, hang
from reana_jupyterlab.tests.fake_routes import ROUTES
from reana_jupyterlab.tests.ports import free_port

MEGABYTE = 1024 * 1024
BIG = 1024 * MEGABYTE
ROUNDS = 400
CONCURRENCY = 10
ALTERNATIONS = 5


async def main() -> int:
    """Measure, print, and return the exit code."""
    reana = FakeReana(ROUTES)
    for number in range(10):
        reana.add(f"run-{number}.1")
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with jupyter(Path(folder), reana) as (http, pid):
                held = [await status_beside_hanging(http, reana), await surcharge_of_a_list(http, reana)]
                held.append(await memory_of_a_download(http, reana, pid))
    finally:
        reana.stop()
    return 0 if all(held) else 1


@asynccontextmanager
async def jupyter(folder: Path, reana: FakeReana) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """Run a Jupyter server with the extension, connected."""
    token, port = secrets.token_hex(8), free_port()
    environment = {
        **os.environ,
        "REANA_SERVER_URL": reana.url,
        "REANA_ACCESS_TOKEN": TOKEN,
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_TOKEN": token,
    }
    options = [f"--port={port}", "--port-retries=0", "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"]
    limits = ["--ReanaJupyterLab.read_timeout=600", "--ReanaJupyterLab.total_timeout=600"]
    command = [sys.executable, "-m", "jupyter_server", "--ServerApp.jpserver_extensions=reana_jupyterlab=True"]
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [*command, *options, *limits], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        headers = {"Authorization": f"token {token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=600) as http:
            await wait_until_ready(http)
            yield http, process.pid
    finally:
        process.terminate()
        process.wait()


async def status_beside_hanging(http: httpx.AsyncClient, reana: FakeReana) -> bool:
    """Measure Jupyter's own responses with and without hanging requests, alternating against noise."""
    alone, beside = [], []
    for _ in range(ALTERNATIONS):
        alone.append(await p99_of_many(http, "/api/status"))
        beside.append(await p99_while_hanging(http, reana))
    quiet, busy = min(alone), min(beside)
    print(f"GET /api/status, p99: {quiet:.2f} ms alone, {busy:.2f} ms while {CONCURRENCY} requests hang at REANA")
    return busy <= 2 * quiet


async def p99_while_hanging(http: httpx.AsyncClient, reana: FakeReana) -> float:
    """Measure while requests hang."""
    reana.requests.clear()
    reana.released.clear()
    reana.fail("GET /api/workflows/hanging.1/status", hang)
    waiting = [asyncio.ensure_future(http.get("/reana_jupyterlab/workflows/hanging.1")) for _ in range(CONCURRENCY)]
    while len(reana.seen("GET /api/workflows/hanging.1/status")) < CONCURRENCY:
        await asyncio.sleep(0.01)
    found = await p99_of_many(http, "/api/status")
    reana.faults.clear()
    reana.released.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    return found


async def surcharge_of_a_list(http: httpx.AsyncClient, reana: FakeReana) -> bool:
    """Measure a list of runs directly and through the extension, alternating; the best round counts."""
    query = {"type": "batch", "size": "10", "include_progress": "true", "access_token": TOKEN}
    found = []
    async with httpx.AsyncClient(base_url=reana.url) as there:
        for _ in range(ALTERNATIONS):
            direct, through = [], []
            for _ in range(ROUNDS // ALTERNATIONS):
                direct.append(await one(there, "/api/workflows", query))
                through.append(await one(http, "/reana_jupyterlab/workflows", {"size": "10"}))
            found.append((statistics.median(through), statistics.median(direct)))
    relayed, straight = min(found)
    more = relayed - straight
    print(f"a list of ten runs: {straight:.2f} ms directly, {more:.2f} ms more through the extension")
    return more <= 5


async def memory_of_a_download(http: httpx.AsyncClient, reana: FakeReana, pid: int) -> bool:
    """Measure the highest memory of the server before and after a download of 1 GB."""

    def pieces() -> Iterator[bytes]:
        piece = os.urandom(MEGABYTE)
        for _ in range(BIG // MEGABYTE):
            yield piece

    def big(exchange: Exchange) -> None:
        exchange.chunked(pieces())

    reana.add("big.1", files={"big.bin": b""}, listed={"big.bin": BIG})
    reana.fail("GET .*/workspace/big.bin", big)
    before, began = highest_memory(pid), time.perf_counter()
    answer = await http.get("/reana_jupyterlab/workflows/big.1/workspace/big.bin")
    answer.raise_for_status()
    seconds, more = time.perf_counter() - began, highest_memory(pid) - before
    print(f"a download of 1 GB: {BIG / MEGABYTE / seconds:.0f} MB/s, the server's memory grew by {more:.0f} MB")
    return more < 64


async def p99_of_many(http: httpx.AsyncClient, path: str) -> float:
    """Return the p99 of many responses in milliseconds."""
    return p99([await one(http, path, {}) for _ in range(ROUNDS)])


async def one(http: httpx.AsyncClient, path: str, query: dict[str, str]) -> float:
    """Return the milliseconds of one response."""
    began = time.perf_counter()
    (await http.get(path, params=query)).raise_for_status()
    return (time.perf_counter() - began) * 1000


async def wait_until_ready(http: httpx.AsyncClient) -> None:
    """Wait for the server."""
    for _ in range(600):
        try:
            if (await http.get("/reana_jupyterlab/connection")).is_success:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("Jupyter did not start")


def p99(values: list[float]) -> float:
    """Return the value that 99 of 100 do not exceed."""
    return sorted(values)[int(len(values) * 0.99) - 1]


def highest_memory(pid: int) -> float:
    """Return the highest resident memory of a process so far, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
