"""Starts the JupyterLab of one session, isolated from the user's settings and without two slow imports.

Isolation: configuration is read from the session's directory and from those of the environment and the machine, not
from the user's home, where a file could open the session to others. Kernels and terminals get the user's environment
back. Slow imports: a grammar that is built when a validator is imported, although it is rarely used (1.2 s), and a
call of Node that only builds of extensions need (0.5 s).
"""

import importlib
import importlib.util
import json
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).absolute().parent
CONFIGURATION = HERE / "jupyter_session_config.py"
GRAMMAR = "rfc3987_syntax"
PLAIN = "--plain"
KEPT = ("JUPYTER_PATH", "JUPYTER_DATA_DIR")
"""The search path of kernels; all other variables of Jupyter change settings."""
LONGEST_FOLDER = 49
"""In bytes: programs that start kernels add 58 for a socket, whose path is limited to 107."""


@dataclass(frozen=True)
class Outside:
    """The environment and the folder of the user's kernels and terminals."""

    environment: dict[str, str]
    folder: str


def hide_settings() -> Outside:
    """Hide the user's settings from this process; return its original environment and folder."""
    outside = Outside(dict(os.environ), str(Path.cwd()))
    known = outside.environment
    own_settings = Path(known.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter", "lab", "user-settings")
    for name in known:
        if name.startswith(("JUPYTER", "TRAITLETS_")) and name not in KEPT:
            del os.environ[name]
    for folder in ("config", "runtime", "workspaces"):
        (HERE / folder).mkdir(mode=0o700, exist_ok=True)
    leave_out_what_users_install()
    (HERE / "config" / "migrated").touch()  # else Jupyter copies settings of old releases from the home
    os.environ["JUPYTER_CONFIG_DIR"] = str(HERE / "config")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(HERE / "runtime")
    # Else Jupyter only logs an error in the configuration, and starts without what follows it.
    os.environ["TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR"] = "1"
    os.environ["USER_WORKSPACES_SETTINGS_DIR"] = known.get("JUPYTERLAB_SETTINGS_DIR") or str(own_settings)
    os.chdir(HERE / "config")  # some releases read settings from the working directory, which is the workspace
    return outside


def leave_out_what_users_install() -> None:
    """Hide the user's packages from this process (their templates would run here); kernels still find them."""
    folders, of_the_site = os.environ.get("JUPYTER_PATH"), os.environ.get("UWS_SITE_JUPYTER_PATH")
    if folders and of_the_site is not None:
        os.environ.update({"UWS_JUPYTER_PATH": folders, "JUPYTER_PATH": of_the_site})


def give_back(outside: Outside) -> None:
    """Restore the user's environment for kernels and terminals."""
    os.chdir(outside.folder)
    os.environ.clear()
    os.environ.update(outside.environment)
    leave_out_what_users_install()
    os.environ["JUPYTER_RUNTIME_DIR"] = str(HERE / "runtime")
    if shares_network() and len(os.fsencode(HERE)) <= LONGEST_FOLDER:
        others = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE / "python"), *([others] if others else [])])


def shares_network() -> bool:
    """Return True if other accounts of the machine could connect to ports of this session."""
    values = json.loads((HERE / "session.json").read_text())
    return bool(values["shares_machine"]) and os.environ.get("UWS_NETWORK") != "isolated"


def postpone_grammar() -> bool:
    """Install a stand-in that loads the grammar at its first use; return False if there is no grammar."""
    if GRAMMAR in sys.modules or importlib.util.find_spec(GRAMMAR) is None:
        return False
    stand_in = ModuleType(GRAMMAR)

    def real() -> ModuleType:
        # Else `import_module` would return the stand-in itself.
        if sys.modules.get(GRAMMAR) is stand_in:
            del sys.modules[GRAMMAR]
        return importlib.import_module(GRAMMAR)

    def is_valid_syntax(term: str, value: str) -> Any:  # noqa: ANN401  the result of the real one
        return real().is_valid_syntax(term, value)

    def load(name: str) -> Any:  # noqa: ANN401  an attribute of the real one
        # The import system asks for such attributes, which must not load the grammar.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(real(), name)

    stand_in.is_valid_syntax = is_valid_syntax  # type: ignore[attr-defined]  # a module takes any name
    stand_in.__getattr__ = load  # type: ignore[method-assign]  # PEP 562
    sys.modules[GRAMMAR] = stand_in
    return True


def import_quickly() -> None:
    """Import JupyterLab without the slow imports; only the stand-in for the grammar stays."""
    postpone_grammar()
    commands = importlib.import_module("jupyterlab.commands")
    ask_node = getattr(commands, "_yarn_config", None)
    if ask_node is None:
        return
    commands._yarn_config = lambda logger: {"yarn config": {}, "npm config": {}}  # type: ignore[attr-defined]  # noqa: ARG005  JupyterLab names it
    try:
        importlib.import_module("jupyterlab.labapp")
    finally:
        commands._yarn_config = ask_node  # type: ignore[attr-defined]  # it has no types here


def start_again_plainly(outside: Outside) -> None:
    """Replace this process by one that imports JupyterLab in the usual way."""
    traceback.print_exc()
    print("The fast start failed; starting the usual way.", file=sys.stderr)  # noqa: T201  the log of the session
    # The new process starts from the user's environment, which `hide_settings` has changed.
    os.chdir(outside.folder)
    os.environ.clear()
    os.environ.update(outside.environment)
    os.execv(sys.executable, [*sys.orig_argv, PLAIN])  # noqa: S606  the same program again, no shell


def require_configuration(server: Any) -> None:  # noqa: ANN401  it has no types here
    """Exit with a message unless the server uses the session's configuration."""
    expected = json.loads((HERE / "session.json").read_text())["base_path"]
    guard = type(server.identity_provider).__name__
    if (server.base_url, server.sock, guard) != (expected, str(HERE / "s"), "SessionIdentity"):
        sys.exit("JupyterLab did not take over the session's configuration, so it is not started.")


def main() -> None:
    """Run until the session ends."""
    if not CONFIGURATION.is_file():  # Jupyter would start without it, open to other accounts
        sys.exit("The session's configuration is missing: JupyterLab is not started.")
    outside = hide_settings()
    if PLAIN not in sys.argv:
        try:
            import_quickly()
        except Exception:  # noqa: BLE001  a new release may fail in any way; the usual start follows
            start_again_plainly(outside)
    lab = importlib.import_module("jupyterlab.labapp").LabApp
    sys.argv = ["jupyter-lab"]
    server = lab.initialize_server(argv=[f"--config={CONFIGURATION}"])
    require_configuration(server)
    server.identity_provider.guard(server.web_app)
    # Only now: Jupyter has read its configuration, and kernels get the user's environment.
    give_back(outside)
    server.start()


if __name__ == "__main__":
    main()
