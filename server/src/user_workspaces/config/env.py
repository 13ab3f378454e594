"""Reads environment variables: listening address, data folder, secrets."""

import fcntl
import hashlib
import os
import re
import secrets
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import SessionPorts

PROJECT_DIR = Path(__file__).resolve().parents[4]
RUN, TMP = Path("/run"), Path("/tmp")  # noqa: S108  what is found in /tmp is checked before it is used
# The path of a Unix socket has at most 107 bytes: the rest is for the names of the sockets.
LONGEST_RUNTIME_DIR = 60
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  a comparison
SIOCGIFADDR = 0x8915
SESSION_PORTS = 100
LAST_PORT = 65_535
SHORTEST_LEASE, LONGEST_LEASE = 10, 3_600
SHORTEST_SECRET = 32
FEWEST_DIFFERENT_CHARACTERS = 10
KNOWN_BEGINNINGS = ("django-insecure", "changeme", "change-me", "change_me", "secret", "your-", "example", "default")


def host() -> str:
    """Return the address to listen on (`UWS_HOST`)."""
    return os.environ.get("UWS_HOST", "127.0.0.1")


def port() -> int:
    """Return the port to listen on (`UWS_PORT`)."""
    return port_in(os.environ.get("UWS_PORT", "8000"), source="UWS_PORT")


def port_in(text: str, *, source: str = "the address") -> int:
    """Return the port in a text; raises `ConfigurationError` that names `source`."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**16):
        raise ConfigurationError(f"{source}: {text!r} is not a port; give a number from 1 to 65535")
    return int(text)


def metrics_token() -> str:
    """Return the token for `/metrics` (`UWS_METRICS_TOKEN`); empty if the page is disabled."""
    given = os.environ.get("UWS_METRICS_TOKEN", "")
    if given and not _is_strong(given):
        raise ConfigurationError("UWS_METRICS_TOKEN: too short or well known; use 32 random characters")
    return given


def address(variable: str) -> tuple[str, int] | None:
    """Return the `[host:]port` in a variable, by default on loopback; None if it is not set."""
    text = os.environ.get(variable, "")
    if not text:
        return None
    named, _, number = text.rpartition(":")
    return named.strip("[]") or "127.0.0.1", port_in(number, source=variable)


def lease_seconds() -> int:
    """Return the length of the leases on due rows in seconds (`UWS_LEASE_SECONDS`)."""
    text = os.environ.get("UWS_LEASE_SECONDS", "60")
    if not (re.fullmatch("[0-9]{1,4}", text) and SHORTEST_LEASE <= int(text) <= LONGEST_LEASE):
        raise ConfigurationError(
            f"UWS_LEASE_SECONDS: {text!r} is not a length of leases; "
            f"give a number of seconds from {SHORTEST_LEASE} to {LONGEST_LEASE}"
        )
    return int(text)


def debug() -> bool:
    """Return whether Django's debug mode is on (`UWS_DEBUG`); never in production."""
    return os.environ.get("UWS_DEBUG", "") == "1"


def data_dir() -> Path:
    """Return the absolute path of the data folder (`UWS_DATA_DIR`).

    The default is `data` in the project's folder. For root, users' accounts have to reach it: if the project is in a
    private folder, the default is `/var/lib/user-workspaces`.
    """
    named = os.environ.get("UWS_DATA_DIR")
    if named:
        return Path(named).expanduser().absolute()
    beside = PROJECT_DIR / "data"
    if os.geteuid() == 0 and not is_reachable_by_all(PROJECT_DIR):
        return Path("/var/lib/user-workspaces")
    return beside


def make_data_dir() -> Path:
    """Create the data folder if it is missing, and return it."""
    path = data_dir()
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be created: {error.strerror}. Set UWS_DATA_DIR to a writable folder."
        ) from None
    return path


def runtime_dir() -> Path:
    """Return the folder for sockets: in the data folder if its path is short enough for a Unix socket.

    Else it is in `/run` for root or in `/tmp`. It depends on the data folder alone, not on `TMPDIR`, because the web
    process and the controller have to agree on it.
    """
    inside = data_dir() / "run"
    if len(os.fsencode(inside)) <= LONGEST_RUNTIME_DIR:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir())).hexdigest()[:12]
    ours = RUN if os.geteuid() == 0 and RUN.is_dir() else TMP
    return ours / f"uws-{os.geteuid()}-{digest}"


def check_runtime_dir(path: Path) -> None:
    """Raise `ConfigurationError` for a folder that another account created or can write to."""
    try:
        # `lstat`: in /tmp, another account may have created a link to a folder of this account.
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise ConfigurationError(
            f"{path}: the folder for sockets must be owned by the server's own account and writable by no other; "
            "remove it, or set UWS_DATA_DIR to a shorter path"
        )


def config_file() -> Path | None:
    """Return the `config.json` to read: `UWS_CONFIG`, else the one in the data or project folder, else None."""
    named = os.environ.get("UWS_CONFIG")
    if named:
        return Path(named).expanduser().absolute()
    candidates = (data_dir() / "config.json", PROJECT_DIR / "config.json")
    return next((path for path in candidates if path.exists()), None)


def listens_on_network() -> bool:
    """Return whether other machines can connect."""
    return host() not in LOOPBACK


def base_url() -> str:
    """Return the base URL of links if none is configured."""
    return base_url_at(host(), port())


def base_url_at(name: str, number: int) -> str:
    """Return the base URL for a listening address and port."""
    if name in LOOPBACK:
        name = "localhost"
    elif name in ANY_ADDRESS:
        name = next(iter(network_addresses()), "localhost")
    return url_of(name, number)


def url_of(name: str, number: int | None = None) -> str:
    """Return the URL of the portal under a host name or an IP address."""
    return f"http://{f'[{name}]' if ':' in name else name}:{port() if number is None else number}"


def reachable_urls() -> list[str]:
    """Return all URLs under which browsers reach the portal, localhost first."""
    if not listens_on_network():
        return [base_url()]
    names = [socket.gethostname(), *network_addresses()] if host() in ANY_ADDRESS else [host()]
    local = ["localhost"] if host() in ANY_ADDRESS else []
    return [url_of(name) for name in dict.fromkeys([*local, *names])]


def network_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine that are not loopback, one for each interface (netdevice(7))."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an IPv4 address
                # A name has at most 15 bytes (IFNAMSIZ).
                response = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                # The address is in a `sockaddr_in` after the 16 bytes of the name, at its fifth byte.
                found.append(socket.inet_ntoa(response[20:24]))
    return [address for address in found if not address.startswith("127.")]


def session_ports() -> SessionPorts:
    """Return the ports on which sessions may have origins of their own (`UWS_SESSION_PORTS`).

    `8100-8199` sets them, and `none` disables them. The default is a hundred ports from `UWS_PORT` + 100; then only
    sessions that cannot be reached otherwise get one.
    """
    text = os.environ.get("UWS_SESSION_PORTS", "")
    if text == "none":
        return SessionPorts()
    if not text:
        first = port() + SESSION_PORTS
        # Near the last port, the range is shorter or empty.
        return SessionPorts(range(min(first, LAST_PORT + 1), min(first + SESSION_PORTS, LAST_PORT + 1)))
    low, _, high = text.partition("-")
    first, last = port_in(low, source="UWS_SESSION_PORTS"), port_in(high or low, source="UWS_SESSION_PORTS")
    if last < first or first <= port() <= last:
        raise ConfigurationError(
            f"UWS_SESSION_PORTS: {text!r} must be a range like 8100-8199 without the server's own port"
        )
    return SessionPorts(range(first, last + 1), are_required=True)


def own_host_names() -> list[str]:
    """Return the host names that are always allowed, in addition to the configuration."""
    names = ["localhost", "127.0.0.1", "[::1]", socket.gethostname(), socket.getfqdn()]
    extra = os.environ.get("UWS_ALLOWED_HOSTS", "").split(",")
    return [*names, host(), *(name.strip() for name in extra if name.strip())]


def is_reachable_by_all(path: Path) -> bool:
    """Return whether all accounts have access to each folder on the path."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def database_url() -> str:
    """Return the URL of the database (`DATABASE_URL`); the default is SQLite in the data folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{data_dir() / 'database.sqlite3'}"


def mail_password() -> str:
    """Return the password of the account at the mail server (`UWS_MAIL_PASSWORD`)."""
    return os.environ.get("UWS_MAIL_PASSWORD", "")


def secret(name: str) -> str:
    """Return a secret of this installation, created at first use: 43 characters in a file with mode 0600.

    `UWS_SECRET_KEY` and the like override the file; short or well-known values raise `ConfigurationError`.
    """
    given = os.environ.get(f"UWS_{name.upper()}")
    if given is not None:
        if not _is_strong(given):
            raise ConfigurationError(f"UWS_{name.upper()}: too short or well known; unset it to have one created")
        return given
    path = data_dir() / "secrets" / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        value = _read_or_make(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read or created: {error.strerror}") from None
    if not _is_strong(value):
        raise ConfigurationError(
            f"{path}: the secret in it is too short or well known; remove the file to have one created"
        )
    return value


def _is_strong(text: str) -> bool:
    """Return whether a secret is hard to guess: long, varied and not a default of an example file."""
    is_known = text.lower().startswith(KNOWN_BEGINNINGS)
    return len(text) >= SHORTEST_SECRET and len(set(text)) >= FEWEST_DIFFERENT_CHARACTERS and not is_known


def _read_or_make(path: Path) -> str:
    """Read or create a secret. If two processes create it, the first link wins, and both read the same value."""
    if not path.exists():
        draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            # After a crash, there must not be an empty secret under the final name.
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(errors="replace").strip()
