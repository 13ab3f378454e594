"""The context that every plug-in is built with, and its health."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.values.identity import Client


@dataclass(frozen=True, slots=True)
class Health:
    """The result of `Plugin.check`. The message is public: no secret and no internal address."""

    connected: bool
    message: str = ""
    advice: str = ""
    """An instruction for operators, shown to them only: it may name accounts and paths."""


def _no_store(*_: object) -> NoReturn:
    raise ConfigurationError("This plug-in was built without `remember` and `recall`.")


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What the server passes to every plug-in, besides the plug-in's own options."""

    name: str
    """The instance's ID: its key in `config.json`."""
    base_dir: Path
    """The server's data folder (`UWS_DATA_DIR`), absolute; relative paths in options start here."""
    data_dir: Path
    """The folder below it for this instance's own files; the plug-in creates it."""
    runtime_dir: Path
    """A short absolute path (at most 60 bytes) for sockets; users may traverse it but not list it."""
    find_client: Callable[[str], Client | None]
    """Returns the client of a client token; None for an unknown or expired token."""
    remember: Callable[[str, str, int], None] = _no_store
    """Stores a text under a key for a number of seconds: encrypted, for this instance, shared by all processes.

    Raises `InvalidRequest` if the key is in use."""
    recall: Callable[[str], str | None] = _no_store
    """Returns and deletes a stored text: one of several concurrent callers gets it. None if missing or expired."""
    callback_url: str = ""
    """The portal's address for redirects after a login at an external provider; empty without a portal."""
    accounts: Callable[[], Iterable[tuple[str, int]]] = tuple
    """Returns names and uids of the system accounts that this authentication assigned; does not raise."""
    server_url: str = ""
    """For resources: the address at which jobs reach this server's API (see `JobContext.reana`); empty: none."""
