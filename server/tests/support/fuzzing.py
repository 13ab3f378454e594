"""Requests generated from the schema of the API for a running server; used by the test and by `make fuzz-api`."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.live_server import LiveServer

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
"""`negative_data_rejection` and its opposite are left out: an unknown field is not an error here."""
LIMIT_SECONDS = 3600
TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Fuzzed:
    """The result: the number of requests, whether all responses conformed to the schema, and the output."""

    cases: int
    passed: bool
    report: str


def sign_in(server: LiveServer) -> str:
    """Return a token of the server's user, who gets some workspaces and a job."""
    body = {
        "client_token": server.manage("create_client_token", "fuzz"),
        "user_info": {"username": server.username, "email": "fuzz@example.org"},
    }
    token: str = httpx.post(f"{server.url}/tokens/", json=body).json()["token"]
    with httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {token}"}) as client:
        for number in range(5):
            new = {"name": f"w{number}", "description": "", "default_job_type": "local_test"}
            made = client.post("/workspaces/", json=new).json()["data"]["id"]
        client.put(f"/workspaces/{made}/start/", json={})
    return token


def fuzz(server: LiveServer, *, examples: int, seed: int, phases: str = "examples,coverage,fuzzing") -> Fuzzed:
    """Send up to `examples` valid and invalid requests for each operation of the schema."""
    report = server.folder / "fuzz.json"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/schema/?format=json",
        "--header", f"UWS-Authorization:Token {sign_in(server)}",
        "--checks", ",".join(CHECKS),
        "--phases", phases,
        "--max-examples", str(examples),
        "--seed", str(seed),
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--generation-database", ":memory:",
        "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "SCHEMATHESIS_HOOKS": "support.fuzz_hooks"}
    done = subprocess.run(
        command, cwd=server.folder, env=environment, check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    found = re.search(r"([\d,]+) generated", done.stdout)
    return Fuzzed(int(found[1].replace(",", "")) if found else 0, done.returncode == 0, done.stdout + done.stderr)
