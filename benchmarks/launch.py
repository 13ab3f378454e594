"""Time from a launch to JupyterLab, against a bare `jupyter lab` of the same environment in the same run.

Prints, for each: seconds until `/api/status` responds (ours: through the proxy, from the launch request on), and
until the first cell's output arrives; medians, ranges and the ratio. The rounds alternate, so that a noisy
machine is noisy for both. Our workspace has an overlay in which something is installed: the first launch made it,
and `%pip install cowsay` in its first cell is timed too, against `pip` in a new virtual environment.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
from websockets.sync.client import connect

from support.machine_accounts import removed_accounts
from support.server_process import (
    Caller,
    RunningServer,
    environments,
    free_port,
    open_session,
    running_server,
    sign_in,
    wait_for,
)

POLL_INTERVAL = 0.005
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Round:
    """One start, in seconds."""

    ready: float
    first_output: float


def first_output(
    *,
    port: int,
    host: str,
    base_path: str,
    headers: dict[str, str],
    client: httpx.Client,
    code: str = "print(6 * 7)",
    until: str = "42",
) -> float:
    """Start a kernel, run code until it prints `until`, and return the seconds that it took."""
    kernel = client.post(f"{base_path}api/kernels", json={"name": "python3"}, headers=headers)
    kernel.raise_for_status()
    uri = f"ws://{host}:{port}{base_path}api/kernels/{kernel.json()['id']}/channels"
    header = {"msg_id": uuid.uuid4().hex, "username": "", "session": uuid.uuid4().hex, "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    message = {
        "header": {**header, "msg_type": "execute_request", "date": ""},
        "parent_header": {},
        "metadata": {},
        "content": {**content, "user_expressions": {}, "stop_on_error": True},
        "channel": "shell",
    }
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    sent = {**headers, "Cookie": cookies} if cookies else headers
    loopback = socket.create_connection(("127.0.0.1", port))  # `*.localhost` is known to browsers only
    with connect(uri, sock=loopback, additional_headers=sent, open_timeout=TIMEOUT_S) as channels:
        channels.send(json.dumps(message))
        begin = time.perf_counter()
        while True:
            response = json.loads(channels.recv(timeout=TIMEOUT_S))
            if response["msg_type"] == "error":
                raise RuntimeError(response["content"]["evalue"])
            if response["msg_type"] == "stream" and until in response["content"]["text"]:
                return time.perf_counter() - begin


def bare(python: Path) -> Round:
    """Start `jupyter lab` directly, with a new home folder, and stop it."""
    port, token = free_port(), uuid.uuid4().hex
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        options = ["--no-browser", f"--port={port}", f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"]
        if os.geteuid() == 0:
            options.append("--allow-root")
        begin = time.perf_counter()
        process = subprocess.Popen(
            [str(python.with_name("jupyter")), "lab", *options],
            cwd=home,
            env={"HOME": home, "PATH": f"{python.parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            headers = {"Authorization": f"token {token}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
                _wait_until_ready(f"http://127.0.0.1:{port}/api/status?token={token}")
                ready = time.perf_counter() - begin
                first_output(port=port, host="127.0.0.1", base_path="/", headers=headers, client=client)
            return Round(ready, time.perf_counter() - begin)
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Terminate a JupyterLab, which sometimes misses the signal; its end is not measured."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(url: str) -> None:
    deadline = time.perf_counter() + TIMEOUT_S
    while time.perf_counter() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  loopback
                return
        except (OSError, urllib.error.URLError):
            time.sleep(POLL_INTERVAL)
    raise TimeoutError(url)


def ours(
    server: RunningServer, user: Caller, workspace: int, *, code: str = "print(6 * 7)", until: str = "42"
) -> tuple[Round, float]:
    """Launch, open and stop JupyterLab in a workspace; also return the seconds of the first cell."""
    begin = time.perf_counter()
    number = user.launch(workspace)
    job = wait_for(lambda: _ready(user, number), within=TIMEOUT_S, what="the session")
    base_path = f"/passthrough/local/{number}/"
    with open_session(job, page="api/status") as client:
        ready = time.perf_counter() - begin
        client.get(f"{base_path}lab").raise_for_status()
        host = f"s{number}.localhost"
        headers = {"X-XSRFToken": client.cookies["_xsrf"], "Origin": f"http://{host}:{server.port}"}
        cell = first_output(
            port=server.port, host=host, base_path=base_path, headers=headers, client=client, code=code, until=until
        )
        done = Round(ready, time.perf_counter() - begin)
    user.call("PUT", f"/jobs/{number}/stop/")
    user.wait_until(number, "complete")
    return done, cell


def newest_base(store: Path) -> Path:
    """Return the Python of the newest session environment: the store keeps those of earlier versions."""
    pips = store.glob("*/lib/python3*/site-packages/pip")
    bases = [pip.parents[3] for pip in pips if (pip.parents[3] / "bin" / "jupyter-lab").exists()]
    return max(bases, key=lambda base: base.stat().st_mtime) / "bin" / "python"


def pip_by_hand(python: Path) -> float:
    """Install cowsay into a new virtual environment with pip; return the seconds of the installation alone."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(python), "-m", "venv", "--without-pip", folder], check=True)
        install = [str(Path(folder, "bin", "python")), "-m", "pip", "install", "--quiet", "--no-cache-dir", "cowsay"]
        library = next(python.parents[1].glob("lib/python3*/site-packages"))
        begin = time.perf_counter()
        subprocess.run(install, check=True, env={**os.environ, "PYTHONPATH": str(library)}, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin


def _ready(user: Caller, number: int) -> dict[str, object] | None:
    job = user.job(number)
    return job if "connection_details" in job["job_details"]["current_job_details"] else None


def report(name: str, seconds: list[float], floor: float | None = None) -> float:
    """Print one line and return the median."""
    median = statistics.median(seconds)
    ratio = f"   ratio {median / floor:.2f}" if floor else ""
    print(f"  {name:28} {median:6.2f} s   ({min(seconds):.2f} - {max(seconds):.2f}){ratio}")
    return median


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"{rounds} rounds each, alternating, one start at a time")
    with removed_accounts(), running_server() as server:
        python = newest_base(environments() / "environments")
        user = sign_in(server)
        bare(python)  # the page cache is warm for both
        by_hand = pip_by_hand(python)
        workspace = user.make_workspace("benchmark")
        _, in_cell = ours(
            server, user, workspace, code="%pip install --no-cache-dir cowsay", until="Successfully installed"
        )
        measured = [(bare(python), ours(server, user, workspace)[0]) for _ in range(rounds)]
        user.http.close()
    print("installing cowsay, the first package of all")
    report("pip by hand", [by_hand])
    report("%pip in a cell", [in_cell], by_hand)
    print("until /api/status responds")
    floor = report("bare `jupyter lab`", [one.ready for one, _ in measured])
    report("launch, through the proxy", [one.ready for _, one in measured], floor)
    print("until the first cell's output")
    floor = report("bare `jupyter lab`", [one.first_output for one, _ in measured])
    report("launch, through the proxy", [one.first_output for _, one in measured], floor)


if __name__ == "__main__":
    main()
