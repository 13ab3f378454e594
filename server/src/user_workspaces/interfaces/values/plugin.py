"""The context that every plug-in is built with, and its health."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.values.identity import Client


@dataclass(frozen=True, slots=True)
class Health:
    """How a plug-in is doing; the message holds no secret and no internal address."""

    connected: bool
    message: str = ""
    advice: str = ""
    """What operators should do; it may name accounts and paths, so only they are shown it."""


def _memory_unlimited(*_: object) -> NoReturn:
    raise ConfigurationError("This plug-in was made without a memory.")


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What the server hands to every plug-in beside its own options."""

    name: str
    """The name of this instance: its key in `config.json`."""
    base_dir: Path
    """The one folder that the server lives in (`UWS_DATA_DIR`), absolute; relative options start here."""
    data_dir: Path
    """The folder of this instance below it, for what it has to keep; not created yet."""
    runtime_dir: Path
    """A short absolute path (at most 60 bytes) for sockets, that people may pass through but not list."""
    find_client: Callable[[str], Client | None]
    """The client that a client token belongs to; None for an unknown or expired token."""
    remember: Callable[[str, str, int], None] = _memory_unlimited
    """Put a text away under a key for so many seconds: for all processes, encrypted, for this instance alone.

    Raises `InvalidRequest` for a key that is in use."""
    recall: Callable[[str], str | None] = _memory_unlimited
    """Return it and forget it: of many who ask at once, one gets it. None when it is not there (any more)."""
    callback_url: str = ""
    """Where the portal is come back to after a log-in at another site; empty: there is no portal."""
    accounts: Callable[[], Iterable[tuple[str, int]]] = tuple
    """Names and uids of the system accounts that people got from this authentication; does not raise."""
    server_url: str = ""
    """For resources: where jobs reach this server's API, as `JobContext.reana` tells them; empty: nowhere."""
