"""Another system account searches a running server with three sessions of two users, and finds nothing."""

import json
import os
import pwd
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.kernel import opened
from support.machine_accounts import add_account, remove_account
from support.server_process import ADA, GRACE, RunningServer, running_server, sign_in

pytestmark = [
    pytest.mark.soak,
    pytest.mark.slow,
    pytest.mark.environment,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: accounts of several people need root"),
]
STRANGER = f"{GRACE}x"
SCRIPT = Path(__file__).with_name("searching_stranger.py")
LISTENING = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(600)
"""
ALLOWED = {
    # What is found, and why it may be: everything else is a fault. {data}: the folder of the server's data.
    r"list {data}/resource": "the ids of the configured resources; the folders below are closed",
    r"list {data}": "the folder is passed through by every account; the names in it are no secret",
    r"(list|read) {data}/environments.*": "programs that the sessions of all users run; only root writes there",
    r"(list|read) {data}/static.*": "what the portal sends to every browser",
    r"connect tcp {port} of uid 0": "the server itself: portal, API and the proxy, which check every request",
    r"connect tcp {others} of uid 0": "other servers of this machine, not ours",
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running
    for name in (ADA, GRACE):
        remove_account(name, "--remove")


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    remove_account(STRANGER, "--remove")
    add_account(STRANGER, "--create-home")
    yield STRANGER
    remove_account(STRANGER, "--remove")


@pytest.fixture(scope="module")
def jobs(server: RunningServer) -> list[dict[str, Any]]:
    """Three sessions of two users, each with a kernel, a terminal and new files."""
    started = []
    for user in (ADA, ADA, GRACE):
        caller = sign_in(server, user)
        with caller.http:
            job = caller.launch(caller.make_workspace())
            started.append(caller.wait_until(job, "running", ready=True))
            with opened(server, started[-1]) as browser, browser.kernel() as kernel:
                assert kernel.run("open('made.txt', 'w').write('secret'); print(6 * 7)") == "42\n"
                assert browser.terminal_says("mktemp; echo $((6 * 7))", "42")
    return started


def search(server: RunningServer, stranger: str) -> list[tuple[str, str]]:
    users = [pwd.getpwnam(name) for name in (ADA, GRACE)]
    runtime = [str(path) for path in Path("/run").glob("uws-0-*")]
    asked = {
        "own": [str(server.data_dir), *runtime, *(user.pw_dir for user in users)],
        "shared": ["/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run"],  # noqa: S108  searched, not used
        "uids": [user.pw_uid for user in users],
        "pids": list(server.pids().values()),
    }
    account = pwd.getpwnam(stranger)
    done = subprocess.run(
        ["python3", "-c", SCRIPT.read_text(), json.dumps(asked)],
        user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [(what, which) for what, which in json.loads(done.stdout)]


def is_allowed(found: str, server: RunningServer) -> bool:
    port = str(server.port)
    locations = {"{data}": re.escape(str(server.data_dir)), "{port}": port, "{others}": rf"(?!{port}\b)\d+"}
    for pattern in ALLOWED:
        for name, text in locations.items():
            pattern = pattern.replace(name, text)  # noqa: PLW2901  filled in
        if re.fullmatch(pattern, found):
            return True
    return False


def test_another_account_finds_nothing_of_the_sessions(
    server: RunningServer, jobs: list[dict[str, Any]], stranger: str
) -> None:
    found = [f"{what} {which}" for what, which in search(server, stranger)]
    wrong = [one for one in found if not is_allowed(one, server)]
    assert not wrong, "\n".join(wrong)


def test_search_finds_what_is_open(server: RunningServer, jobs: list[dict[str, Any]], stranger: str) -> None:
    """It is no search that finds nothing anywhere: a file, a socket and a process that are open are seen."""
    home = Path(pwd.getpwnam(ADA).pw_dir)
    with subprocess.Popen(
        ["python3", "-c", LISTENING], user=ADA, group=ADA, stdout=subprocess.PIPE, cwd="/"
    ) as listening:
        assert listening.stdout
        port = int(listening.stdout.readline())
        home.chmod(0o755)
        (home / "open.txt").write_text("x")
        try:
            found = [f"{what} {which}" for what, which in search(server, stranger)]
        finally:
            home.chmod(0o700)
            (home / "open.txt").unlink()
            listening.kill()
    assert f"read {home}/open.txt" in found
    assert f"connect tcp {port} of uid {pwd.getpwnam(ADA).pw_uid}" in found
