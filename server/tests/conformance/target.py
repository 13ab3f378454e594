"""The server that is held against the contract: the one that the environment names, or one that is started here."""

import json
import os
import secrets
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from support.machine_accounts import add_account, remove_account
from support.server_process import REPOSITORY, RunningServer, free_port

ORIGIN = "https://portal.example.org"
JOB_TYPE, RESOURCE = "local_test", "second"


@dataclass(frozen=True)
class Target:
    """Where it is, who may be asked for there, and what is known of it beforehand."""

    url: str
    client_token: str
    people: tuple[str, str, str]
    """The user names of Ada, Grace and Mallory: the first owns things, the second shares them, the third may not."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    own: RunningServer | None = None
    """The server itself, where it was started here."""

    def log_in_links(self, names: tuple[str, ...]) -> dict[str, str]:
        """Make one-time links for people; of each the secret part is remembered, as `{name}_secret`."""
        known = dict(zip(("ada", "grace", "mallory"), self.people, strict=True))
        if not self.own or not names:
            return {}
        links = _commands(self.own, *(("login_link", known[name]) for name in names))
        secrets_of = (link.removeprefix(f"{self.url}/login/").rstrip("/") for link in links)
        return dict(zip((f"{name}_secret" for name in names), secrets_of, strict=True))

    def complaints(self, memory: Mapping[str, Any]) -> list[str]:
        """Return what the logs of our own server should not hold: errors of ours, and what nobody may read there."""
        if self.own is None:
            return []
        logs = [path.read_text() for path in [*self.own.data_dir.rglob("*.log")] if "workspaces" not in path.parts]
        secret = [value for name, value in memory.items() if name.endswith("_token")]
        return [one for one in ("Traceback", *secret) if any(one in log for log in logs)]

    @contextmanager
    def without_controller(self) -> Iterator[None]:
        """Let nothing but the web process move for a while."""
        assert self.own
        pid = self.own.pids()["controller"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def target() -> Iterator[Target]:
    """Return the one to look at."""
    named = os.environ.get("UWS_CONFORMANCE_URL")
    with nullcontext(_named(named.rstrip("/"))) if named else _started() as found:
        yield found


def _named(url: str) -> Target:
    """A server that runs already; what is not said about it cannot be tried."""
    names = os.environ.get("UWS_CONFORMANCE_PEOPLE", "uwsconf1,uwsconf2,uwsconf3").split(",")
    optional = {
        "dataset": os.environ.get("UWS_CONFORMANCE_DATASET"),
        "origin": os.environ.get("UWS_CONFORMANCE_ORIGIN"),
        "resource": os.environ.get("UWS_CONFORMANCE_RESOURCE"),
        "administrator": os.environ.get("UWS_CONFORMANCE_ADMINISTRATOR"),
    }
    facts: dict[str, Any] = {name: value for name, value in optional.items() if value}
    facts["job_type"] = os.environ.get("UWS_CONFORMANCE_JOB_TYPE", JOB_TYPE)
    ada, grace, mallory = names
    return Target(url, os.environ.get("UWS_CONFORMANCE_CLIENT_TOKEN", ""), (ada, grace, mallory), facts)


@contextmanager
def _started() -> Iterator[Target]:
    """Web process and controller as people run them, on the database that the run is for."""
    mark = secrets.token_hex(4)
    ada, grace, mallory = (f"uws-{name}-{mark}" for name in ("ada", "grace", "mallory"))
    with (
        _accounts(ada, grace, mallory),
        _database() as database,
        tempfile.TemporaryDirectory(prefix="uws-conf-", ignore_cleanup_errors=True) as name,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        dataset = folder / "datasets" / "survey"
        dataset.mkdir(parents=True)
        (dataset / "table.csv").write_text("a,b\n1,2\n")
        (folder / "config.json").write_text(json.dumps(_configuration(dataset.parent)))
        server = RunningServer(folder, free_port(), environment={**database, "UWS_USER": ada})
        server.start()
        try:
            administrator = f"root-{mark}"
            commands = (("login_link", "--admin", administrator), ("create_client_token", "portal"))
            _, client_token = _commands(server, *commands)
            facts = {
                "job_type": JOB_TYPE,
                "resource": RESOURCE,
                "dataset": str(dataset),
                "origin": ORIGIN,
                "administrator": administrator,
                "folder": str(folder),
            }
            yield Target(server.url, client_token, (ada, grace, mallory), facts, server)
        finally:
            server.stop()


def _configuration(datasets: Path) -> dict[str, Any]:
    """Return the example without JupyterLab, with one more of what a launch can choose."""
    config: dict[str, Any] = json.loads((REPOSITORY / "example_config.json").read_text())
    config["cors_allowed_origins"] = [ORIGIN]
    config["available_user_authentication"]["local"]["connection_details"] = {"create_external_users": False}
    config["available_storage"]["local"]["connection_details"]["dataset_roots"] = [str(datasets)]
    resources = config["available_resources"]
    resources[RESOURCE] = {**resources["local"], "name": "This machine once more"}
    environments: dict[str, dict[str, object]] = {"local": {}, RESOURCE: {}}
    test_job = {**config["available_job_types"][JOB_TYPE], "environment_details": environments}
    config["available_job_types"] = {JOB_TYPE: test_job, "other_test": {**test_job, "name": "Another one"}}
    limits = next(one for one in config["parameters"] if one["variable_name"] == "time_limit_min")
    limits["validation"]["max"] = 480
    project = {
        "display_name": "Project",
        "description": "Who pays",
        "variable_name": "project",
        "default_value": None,
        "validation": {"type": "str", "required": True},
    }
    config["parameters"].append(project)
    return config


def _commands(server: RunningServer, *commands: tuple[str, ...]) -> list[str]:
    """Run several commands of `manage.py` in one process; return the line that each has printed."""
    script = f"from django.core.management import call_command\nfor one in {commands!r}: call_command(*one)"
    return server.manage("shell", "--no-imports", "-c", script).splitlines()


@contextmanager
def _accounts(*names: str) -> Iterator[None]:
    """Give people accounts of this machine, where we may: as another user than root all share ours."""
    made = list[str]()
    try:
        for name in names if os.geteuid() == 0 else ():
            add_account(name, "--no-create-home", "--shell", "/bin/sh")
            made.append(name)
        yield
    finally:
        for name in made:
            remove_account(name)


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """Say which database the server uses: one of its own on the PostgreSQL of the run, else SQLite in its folder."""
    server = os.environ.get("UWS_TEST_DATABASE", "")
    if not server.startswith("postgres"):
        yield {}
        return
    name = sql.Identifier(f"uws_conformance_{secrets.token_hex(4)}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    try:
        yield {"DATABASE_URL": f"{server.rpartition('/')[0]}/{name._obj[0]}"}
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
