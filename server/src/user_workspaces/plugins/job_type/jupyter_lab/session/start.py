"""Starts the JupyterLab of one session: sheltered from settings that lie about, and without two costly detours.

The shelter: configuration is looked for in the session's directory and in those of the environment and the
machine, not in the person's home: a stray file there must not open the session. Kernels and terminals get
the person's environment back. The detours: a grammar that is built when a validator is imported, though
hardly anybody needs it (1.2 s), and a question to Node that only builds of extensions need (0.5 s).
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
"""Where kernels are found; all other variables of Jupyter's change settings."""
LONGEST_FOLDER = 49
"""Bytes: programs that start kernels add 58 to it for a socket, whose path has at most 107."""


@dataclass(frozen=True)
class Outside:
    """What the person's kernels and terminals start in."""

    environment: dict[str, str]
    folder: str


def hide_settings() -> Outside:
    """Turn this process away from the person's settings; returns what it was started in."""
    outside = Outside(dict(os.environ), str(Path.cwd()))
    known = outside.environment
    own_settings = Path(known.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter", "lab", "user-settings")
    for name in known:
        if name.startswith(("JUPYTER", "TRAITLETS_")) and name not in KEPT:
            del os.environ[name]
    for folder in ("config", "runtime", "workspaces"):
        (HERE / folder).mkdir(mode=0o700, exist_ok=True)
    leave_out_what_users_install()
    (HERE / "config" / "migrated").touch()  # else Jupyter copies what old releases left in the home
    os.environ["JUPYTER_CONFIG_DIR"] = str(HERE / "config")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(HERE / "runtime")
    os.environ["TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR"] = "1"
    os.environ["USER_WORKSPACES_SETTINGS_DIR"] = known.get("JUPYTERLAB_SETTINGS_DIR") or str(own_settings)
    os.chdir(HERE / "config")  # some releases read settings from where they start: that would be the workspace
    return outside


def leave_out_what_users_install() -> None:
    """Hide what users install from this process (templates would run here); kernels still find it."""
    folders, of_the_site = os.environ.get("JUPYTER_PATH"), os.environ.get("UWS_SITE_JUPYTER_PATH")
    if folders and of_the_site is not None:
        os.environ.update({"UWS_JUPYTER_PATH": folders, "JUPYTER_PATH": of_the_site})


def give_back(outside: Outside) -> None:
    """Let kernels and terminals have the person's environment."""
    os.chdir(outside.folder)
    os.environ.clear()
    os.environ.update(outside.environment)
    leave_out_what_users_install()
    os.environ["JUPYTER_RUNTIME_DIR"] = str(HERE / "runtime")
    if shares_network() and len(os.fsencode(HERE)) <= LONGEST_FOLDER:
        others = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE / "python"), *([others] if others else [])])


def shares_network() -> bool:
    """Say whether other accounts of the machine could connect to what is opened in this session."""
    values = json.loads((HERE / "session.json").read_text())
    return bool(values["shares_machine"]) and os.environ.get("UWS_NETWORK") != "isolated"


def postpone_grammar() -> bool:
    """Put a stand-in for the grammar in place, which loads it when it is asked something; says whether it did."""
    if GRAMMAR in sys.modules or importlib.util.find_spec(GRAMMAR) is None:
        return False
    stand_in = ModuleType(GRAMMAR)

    def real() -> ModuleType:
        if sys.modules.get(GRAMMAR) is stand_in:
            del sys.modules[GRAMMAR]
        return importlib.import_module(GRAMMAR)

    def is_valid_syntax(term: str, value: str) -> Any:  # noqa: ANN401  whatever the real one answers
        return real().is_valid_syntax(term, value)

    def load(name: str) -> Any:  # noqa: ANN401  whatever the real one holds
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(real(), name)

    stand_in.is_valid_syntax = is_valid_syntax  # type: ignore[attr-defined]  # a module takes any name
    stand_in.__getattr__ = load  # type: ignore[method-assign]  # PEP 562
    sys.modules[GRAMMAR] = stand_in
    return True


def import_quickly() -> None:
    """Import JupyterLab without the detours; leaves nothing changed but the postponed grammar."""
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
    """Replace this process by one that imports JupyterLab the usual way."""
    traceback.print_exc()
    print("The fast start did not work here; starting the usual way.", file=sys.stderr)  # noqa: T201  the log of the session
    os.chdir(outside.folder)
    os.environ.clear()
    os.environ.update(outside.environment)
    os.execv(sys.executable, [*sys.orig_argv, PLAIN])  # noqa: S606  the same program again, no shell


def require_configuration(server: Any) -> None:  # noqa: ANN401  it has no types here
    """End with a message unless the session's own configuration is what the server goes by."""
    expected = json.loads((HERE / "session.json").read_text())["base_path"]
    guard = type(server.identity_provider).__name__
    if (server.base_url, server.sock, guard) != (expected, str(HERE / "s"), "SessionIdentity"):
        sys.exit("JupyterLab did not take over the session's configuration: it is not started.")


def main() -> None:
    """Run until the session ends."""
    if not CONFIGURATION.is_file():  # Jupyter itself would start without it, open to whoever finds it
        sys.exit("The session's configuration is missing: JupyterLab is not started.")
    outside = hide_settings()
    if PLAIN not in sys.argv:
        try:
            import_quickly()
        except Exception:  # noqa: BLE001  whatever surprise a new release brings, the usual way comes after it
            start_again_plainly(outside)
    lab = importlib.import_module("jupyterlab.labapp").LabApp
    sys.argv = ["jupyter-lab"]
    server = lab.initialize_server(argv=[f"--config={CONFIGURATION}"])
    require_configuration(server)
    server.identity_provider.guard(server.web_app)
    give_back(outside)
    server.start()


if __name__ == "__main__":
    main()
