"""Access to sessions from another system account, with isolated and shared networks."""

import json
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.kernel import DAP_CLIENT, Browser, Kernel, opened
from support.budget import first_of
from support.server_process import ADA, Caller, RunningServer, running_server, sign_in, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.environment,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: accounts of several people"),
]

STRANGER = Path(__file__).with_name("stranger.py")
WORD = f"uws-{secrets.token_hex(6)}"
SERVERS = f"""
import socket, threading
def serve(listener):
    while True:
        peer, _ = listener.accept()
        peer.sendall(b"{WORD}")
        peer.close()
hidden = socket.socket(socket.AF_UNIX)
hidden.bind("\\0{WORD}")
hidden.listen()
listening = [socket.create_server((host, 0)) for host in ("127.0.0.1", "0.0.0.0")]
for one in listening:
    threading.Thread(target=serve, args=(one,), daemon=True).start()
for one in listening:
    print(socket.create_connection(("127.0.0.1", one.getsockname()[1]), timeout=5).recv(100).decode())
"""
NOTEBOOK = """
import json, subprocess, sys, pathlib
cell = "import pathlib, time\\npathlib.Path('inner').touch()\\nwhile not pathlib.Path('end').exists(): time.sleep(0.05)"
cells = [{"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [], "source": cell}]
book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
pathlib.Path("book.ipynb").write_text(json.dumps(book))
command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "done.ipynb", "book.ipynb"]
running = subprocess.Popen(command, stdout=open("nbconvert.log", "w"), stderr=subprocess.STDOUT)
"""
FORKED = "import os\nif os.fork() == 0:\n    print('from a child', flush=True); os._exit(0)\nos.wait(); print('done')"


@pytest.fixture(scope="module", params=first_of("isolated", "shared"))
def network(request: pytest.FixtureRequest) -> str:
    if request.param == "isolated" and shutil.which("slirp4netns") is None:
        pytest.skip("slirp4netns is not installed")
    return str(request.param)


@pytest.fixture(scope="module")
def server(accounts: None, network: str) -> Iterator[RunningServer]:
    with running_server({"connection_details": {"network": network}}) as running:
        yield running


@pytest.fixture(scope="module")
def make_user(server: RunningServer) -> Iterator[Caller]:
    caller = sign_in(server, ADA)
    with caller.http:
        yield caller


@pytest.fixture(scope="module")
def job(make_user: Caller) -> dict[str, Any]:
    return make_user.wait_until(make_user.launch(make_user.make_workspace()), "running", ready=True)


@pytest.fixture
def browser(server: RunningServer, make_user: Caller, job: dict[str, Any]) -> Iterator[Browser]:
    with opened(server, make_user.job(job["id"])) as found:  # asked for again: a ticket works once
        yield found


@pytest.fixture
def workspace(server: RunningServer, job: dict[str, Any]) -> Path:
    return server.data_dir / "workspaces" / ADA / str(job["workspace_id"])


def sockets_of(job: dict[str, Any]) -> list[str]:
    """Return the Unix sockets of a job's network in its directory."""
    directory = Path(f"/proc/{job['resource_job_id']}/cmdline").read_bytes().split(b"\0")[-2].decode()
    rows = Path(f"/proc/{job['resource_job_id']}/net/unix").read_text().splitlines()
    found = {row.split()[-1] for row in rows if str(Path(directory).parent) in row}
    return sorted(found)


def reachable_by_another_account(job: dict[str, Any]) -> dict[str, Any]:
    """Try all visible listeners as `nobody`."""
    command = ["python3", str(STRANGER), str(pwd.getpwnam(ADA).pw_uid), WORD, *sockets_of(job)]
    program = STRANGER.read_text()
    command[1:2] = ["-c", program]  # the repository may be behind a closed door
    nobody = pwd.getpwnam("nobody")
    tried = subprocess.run(
        command, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True, check=True,
        cwd="/",
    )  # fmt: skip
    found: dict[str, Any] = json.loads(tried.stdout)
    assert found.pop("account") == nobody.pw_uid
    return found


def attach(kernel: Kernel) -> None:
    """Attach the debugger like JupyterLab."""
    assert kernel.debug("initialize", **DAP_CLIENT)["success"]
    assert kernel.debug("attach")["success"]


NOTHING: dict[str, Any] = {"listeners": [], "said": [], "names": [], "sockets": []}


def test_other_account_reaches_no_kernel_or_terminal(browser: Browser, job: dict[str, Any]) -> None:
    with browser.kernel() as kernel, browser.kernel() as other:
        assert kernel.run("print(6 * 7)") == other.run("print(6 * 7)") == "42\n"
        assert browser.terminal_says("echo $((6 * 7))", "42")
        assert len(sockets_of(job)) >= 1 + 2 * 5
        assert reachable_by_another_account(job) == NOTHING


@pytest.mark.soak
def test_other_account_reaches_no_notebook_executed_inside(
    browser: Browser, job: dict[str, Any], workspace: Path
) -> None:
    with browser.kernel() as kernel:
        kernel.run(NOTEBOOK)
        wait_for((workspace / "inner").exists, what="the inner kernel")
        assert reachable_by_another_account(job) == NOTHING
        (workspace / "end").touch()
        assert kernel.run("print(running.wait())") == "0\n", (workspace / "nbconvert.log").read_text()


def test_output_of_a_kernels_child_arrives(browser: Browser) -> None:
    with browser.kernel() as kernel:
        printed = kernel.run(FORKED)
        assert sorted(printed.split("\n")) == ["", "done", "from a child"]


@pytest.mark.soak
def test_other_account_reaches_no_server_started_inside(browser: Browser, job: dict[str, Any], network: str) -> None:
    with browser.kernel() as kernel:
        assert kernel.run(SERVERS) == f"{WORD}\n{WORD}\n"
        found = reachable_by_another_account(job)
    if network == "isolated":
        assert found == NOTHING
    else:  # the control: this is what the namespace is for
        assert (len(found["listeners"]), found["names"]) == (2, [f"@{WORD}"])
        assert len(found["said"]) >= 2


@pytest.mark.soak
def test_debugger_works_and_no_other_account_reaches_it(browser: Browser, job: dict[str, Any], network: str) -> None:
    with browser.kernel() as kernel:
        kernel.run("pass")
        if network == "shared":
            with pytest.raises(TimeoutError):
                kernel.debug("debugInfo", seconds=3)
            assert reachable_by_another_account(job) == NOTHING
            return
        attach(kernel)
        code = "first = 6\nsecond = 7\nprint(first * second)"
        location = kernel.debug("dumpCell", code=code)["body"]["sourcePath"]
        where: dict[str, Any] = {"breakpoints": [{"line": 3}], "source": {"path": location}, "sourceModified": False}
        assert kernel.debug("setBreakpoints", **where)["body"]["breakpoints"][0]["verified"]
        assert kernel.debug("configurationDone")["success"]
        kernel.begin(code)
        thread = kernel.event("stopped")["threadId"]
        inside = Path(f"/proc/{job['resource_job_id']}/net/tcp").read_text()
        assert len([row for row in inside.splitlines() if row.split()[3] == "0A"]) >= 2  # the adapter of debugpy
        assert reachable_by_another_account(job) == NOTHING
        kernel.debug("continue", threadId=thread)
        kernel.wait_for(lambda told: told["msg_type"] == "stream" and "42" in told["content"]["text"])
        kernel.debug("disconnect", restart=False, terminateDebuggee=False)
        assert reachable_by_another_account(job) == NOTHING


def test_debugger_is_offered_only_in_a_private_network(browser: Browser, network: str) -> None:
    told = browser.client.get(f"{browser.base_path}api/kernelspecs").json()["kernelspecs"]["python3"]["spec"]
    assert told["metadata"]["debugger"] is (network == "isolated")


def test_health_reports_missing_parts_only(server: RunningServer) -> None:
    rows = server.manage("plugins").splitlines()
    assert [row.split("LocalResource")[1].strip() for row in rows if "LocalResource" in row] == ["ok"]
