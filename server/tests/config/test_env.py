"""Settings of the environment: secrets, folders, ports and host names."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from user_workspaces.config import env
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import SessionPorts

STRONG = "Zk3v9-QxT7_bPq2mL8sWn4cRd6fYh1jG"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UWS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("UWS_CONFIG", raising=False)
    return tmp_path


def test_secret_is_created_once_in_a_private_file(data_dir: Path) -> None:
    value = env.secret("secret_key")
    assert len(value) == 43
    assert env.secret("secret_key") == value
    assert env.secret("encryption_key") != value
    assert stat.S_IMODE((data_dir / "secrets" / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE((data_dir / "secrets").stat().st_mode) == 0o700
    assert sorted(path.name for path in (data_dir / "secrets").iterdir()) == ["encryption_key", "secret_key"]


def test_concurrent_processes_create_the_same_secret(data_dir: Path) -> None:
    program = "import sys; sys.stdin.readline(); from user_workspaces.config import env; print(env.secret('k'))"
    surroundings = {**os.environ, "PYTHONPATH": str(env.PROJECT_DIR / "server/src")}
    command, pipe = [sys.executable, "-c", program], subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, env=surroundings) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    values = {process.communicate(timeout=60)[0] for process in processes}
    assert len(values) == 1
    assert [path.name for path in (data_dir / "secrets").iterdir()] == ["k"]


def test_secret_can_be_set_by_a_variable(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setenv("UWS_SECRET_KEY", STRONG)
    assert env.secret("secret_key") == STRONG
    assert not (data_dir / "secrets").exists()


WEAK = ["", "short", "x" * 64, "changeme" * 8, f"django-insecure-{STRONG}", f"change-me-{STRONG}", f"Secret{STRONG}"]


@pytest.mark.parametrize("value", WEAK)
def test_known_and_weak_secrets_are_refused(monkeypatch: pytest.MonkeyPatch, data_dir: Path, value: str) -> None:
    monkeypatch.setenv("UWS_SECRET_KEY", value)
    with pytest.raises(ConfigurationError, match=r"^UWS_SECRET_KEY: too short or well known") as caught:
        env.secret("secret_key")
    assert value not in str(caught.value) or len(value) < 8
    monkeypatch.delenv("UWS_SECRET_KEY")
    (data_dir / "secrets").mkdir()
    (data_dir / "secrets" / "secret_key").write_text(value)
    with pytest.raises(ConfigurationError, match="too short or well known; remove the file"):
        env.secret("secret_key")


def test_unreadable_secret_is_reported(data_dir: Path) -> None:
    (data_dir / "secrets" / "secret_key").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"secrets/secret_key: cannot be read or created: Is a directory"):
        env.secret("secret_key")


def test_data_folder_that_cannot_be_created_is_reported(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    (data_dir / "file").write_text("")
    monkeypatch.setenv("UWS_DATA_DIR", str(data_dir / "file" / "data"))
    with pytest.raises(ConfigurationError, match="cannot be created: Not a directory"):
        env.make_data_dir()


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "http", "80.0", " 80", "\u0668\u0660", "\u00b2"])
def test_invalid_port_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("UWS_PORT", text)
    with pytest.raises(ConfigurationError, match=r"^UWS_PORT: .* is not a port; give a number from 1 to 65535$"):
        env.port()


def test_runtime_folder_is_in_a_data_folder_with_a_short_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UWS_DATA_DIR", "/srv/uws")
    assert env.runtime_dir() == Path("/srv/uws/run")
    longest = "/" + "x" * (env.LONGEST_RUNTIME_DIR - len("//run"))
    monkeypatch.setenv("UWS_DATA_DIR", longest)
    assert env.runtime_dir() == Path(longest) / "run"


def test_long_path_has_the_same_short_runtime_folder_in_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UWS_DATA_DIR", "/srv/" + "x" * 100)
    found = env.runtime_dir()
    assert len(os.fsencode(found)) <= env.LONGEST_RUNTIME_DIR
    assert found.parent == (env.RUN if os.geteuid() == 0 else env.TMP)
    monkeypatch.setenv("TMPDIR", "/somewhere/else")
    assert env.runtime_dir() == found
    monkeypatch.setenv("UWS_DATA_DIR", "/srv/" + "y" * 100)
    assert env.runtime_dir() != found


def test_own_or_missing_runtime_folder_is_accepted(tmp_path: Path) -> None:
    env.check_runtime_dir(tmp_path / "not there yet")
    assert not (tmp_path / "not there yet").exists(), "a check creates nothing"
    (tmp_path / "run").mkdir(mode=0o711)
    env.check_runtime_dir(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o711, "a check changes nothing"


def test_lease_length_is_a_minute_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UWS_LEASE_SECONDS", raising=False)
    assert env.lease_seconds() == 60
    monkeypatch.setenv("UWS_LEASE_SECONDS", "10")
    assert env.lease_seconds() == 10


@pytest.mark.parametrize("text", ["", "0", "9", "3601", "-6", "1.5", " 6", "6s", "\u0668\u0660", "\u00b2", "9" * 5_000])
def test_invalid_lease_length_is_rejected(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("UWS_LEASE_SECONDS", text)
    message = r"^UWS_LEASE_SECONDS: .* is not a length of leases; give a number of seconds from 10 to 3600$"
    with pytest.raises(ConfigurationError, match=message):
        env.lease_seconds()


@pytest.mark.parametrize("kind", ["link", "file", "writable", "somebody's"])
def test_runtime_folder_that_others_control_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path, ours = tmp_path / "run", tmp_path / "ours"
    ours.mkdir()
    if kind == "link":
        path.symlink_to(ours)
    elif kind == "file":
        path.write_text("")
    else:
        path.mkdir()
        path.chmod(0o777 if kind == "writable" else 0o700)
    if kind == "somebody's":
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="must be owned by the server's own account"):
        env.check_runtime_dir(path)


def test_configuration_is_in_the_data_folder_by_default(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    (data_dir / "config.json").write_text("{}")
    assert env.config_file() == data_dir / "config.json"
    monkeypatch.setenv("UWS_CONFIG", "/somewhere/else.json")
    assert env.config_file() == Path("/somewhere/else.json")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("::1", "http://localhost:8000"),
        ("10.1.2.3", "http://10.1.2.3:8000"),
        ("fe80::1", "http://[fe80::1]:8000"),
        ("uws.example", "http://uws.example:8000"),
    ],
)
def test_printed_address_of_each_host(monkeypatch: pytest.MonkeyPatch, host: str, address: str) -> None:
    monkeypatch.setenv("UWS_HOST", host)
    monkeypatch.delenv("UWS_PORT", raising=False)
    assert env.base_url() == address


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104  to be shown, not listened on
def test_wildcard_host_prints_every_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("UWS_HOST", host)
    monkeypatch.delenv("UWS_PORT", raising=False)
    monkeypatch.setattr(env, "network_addresses", lambda: ["10.1.2.3", "192.168.1.5"])
    monkeypatch.setattr(socket, "gethostname", lambda: "workstation")
    names = ["localhost", "workstation", "10.1.2.3", "192.168.1.5"]
    assert env.reachable_urls() == [f"http://{name}:8000" for name in names]
    assert env.base_url() == "http://10.1.2.3:8000"
    assert env.listens_on_network()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_host_prints_one_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("UWS_HOST", host)
    monkeypatch.delenv("UWS_PORT", raising=False)
    assert env.reachable_urls() == ["http://localhost:8000"]
    assert not env.listens_on_network()


def test_network_addresses_are_those_of_this_machine() -> None:
    told = subprocess.run(["hostname", "-I"], check=True, capture_output=True, text=True).stdout.split()
    assert set(env.network_addresses()) <= {address for address in told if ":" not in address}


@pytest.mark.parametrize(
    ("port", "text", "ports"),
    [
        ("8000", "", SessionPorts(range(8100, 8200))),
        ("65400", "", SessionPorts(range(65500, 65536))),
        ("65535", "", SessionPorts(range(65536, 65536))),
        ("8000", "none", SessionPorts()),
        ("8000", "9000-9001", SessionPorts(range(9000, 9002), are_required=True)),
        ("8000", "9000", SessionPorts(range(9000, 9001), are_required=True)),
    ],
)
def test_session_ports(monkeypatch: pytest.MonkeyPatch, port: str, text: str, ports: SessionPorts) -> None:
    monkeypatch.setenv("UWS_PORT", port)
    monkeypatch.setenv("UWS_SESSION_PORTS", text)
    assert env.session_ports() == ports


@pytest.mark.parametrize("text", ["9001-9000", "7999-8001", "8000", "x", "-9000", "0-10", "9000-99999", "9000-x"])
def test_invalid_session_ports_are_reported(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("UWS_PORT", "8000")
    monkeypatch.setenv("UWS_SESSION_PORTS", text)
    with pytest.raises(ConfigurationError, match="UWS_SESSION_PORTS"):
        env.session_ports()


def test_hosts_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UWS_ALLOWED_HOSTS", "a.example, b.example,")
    assert env.own_host_names()[-2:] == ["a.example", "b.example"]


def test_folder_below_a_closed_one_is_not_reachable_by_all(tmp_path: Path) -> None:
    closed = tmp_path / "closed" / "inside"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    assert not env.is_reachable_by_all(closed)
    assert env.is_reachable_by_all(Path("/usr/bin"))
