"""The Jupyter configuration of one session: read by Jupyter from the session's directory, beside `session.json`.

Every setting that guards the session is set here, also those whose default is right: nothing that was read
before, and no later change of a default, opens it.
"""

import hmac
import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from jupyter_core.paths import jupyter_config_path
from jupyter_server.auth.identity import IdentityProvider, User
from jupyterlab.commands import get_app_dir

HERE = Path(__file__).absolute().parent
SESSION = json.loads((HERE / "session.json").read_text())
EXPECTED = SESSION["authorization"].encode()
THEMES = "@jupyterlab/apputils-extension:themes"
NEWS = "@jupyterlab/apputils-extension:announcements"
FROM_PROXY = "_is_from_the_proxy"
"""An attribute of requests that bore the right header; no request can bring it along."""
KERNELS = "session_kernels"
OVERRIDES = "default_setting_overrides.json"
OWN_THEME = re.compile(r'(?:^|[{,])\s*"(?:adaptive-)?theme"\s*:', re.MULTILINE)
"""A choice; JupyterLab writes the defaults as comments, each line after two slashes."""
STATIC_FILES = "session_static_files"


class SessionIdentity(IdentityProvider):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Lets in who knows the secret (the proxy), as the person whose session it is.

    The stock provider could do that with its token, but then takes the request for one of a script: it leaves
    out the checks of origin and XSRF, hands out a log-in cookie, and its token is printed into the page.
    """

    token = ""
    auth_enabled = True
    login_available = False
    logout_available = False

    async def get_user(self, handler: Any) -> User | None:  # noqa: ANN401  whatever handler Jupyter hands over
        """Return the person for what the proxy sent; nothing else counts, no cookie and no argument."""
        if not getattr(handler.request, FROM_PROXY, False):
            return None
        name = SESSION["user"]
        return User(username=name, name=name, display_name=name)

    def guard(self, application: Any) -> None:  # noqa: ANN401  it has no types here
        """Check the header before any handler of Jupyter or an add-on is found for a request, and take it out.

        Add-ons pass headers on to the person's own programs, which may show them to the browser.
        """
        find_handler: Callable[..., Any] = application.find_handler

        def check_and_find(request: Any, **kwargs: Any) -> Any:  # noqa: ANN401  tornado says what it is handed
            given = request.headers.get("Authorization", "").encode("utf-8", "replace")
            is_from_proxy = hmac.compare_digest(given, EXPECTED)
            setattr(request, FROM_PROXY, is_from_proxy)
            if is_from_proxy:
                del request.headers["Authorization"]
            return find_handler(request, **kwargs)

        application.find_handler = check_and_find

    def is_token_authenticated(self, handler: Any) -> bool:  # noqa: ANN401, ARG002  Jupyter says what it is handed
        """No: a browser is behind every request, so the XSRF check stays on."""
        return False

    def should_check_origin(self, handler: Any) -> bool:  # noqa: ANN401, ARG002  Jupyter says what it is handed
        """Yes, always."""
        return True


def page_config_hook(handler: object, page_config: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001  Jupyter says what it is handed
    """Leave out the question about news, whatever the person's files say, and any token."""
    disabled = page_config.get("disabledExtensions", [])
    page_config["disabledExtensions"] = [*disabled, NEWS]
    page_config["token"] = ""
    return page_config


def follow_the_system(settings: Path) -> None:
    """Have the page be dark where the person's system is, unless the person or the operator has chosen a theme."""
    own = settings.joinpath(*THEMES.replace(":", "/").split("/")).with_suffix(".jupyterlab-settings")
    operators = [Path(folder, "labconfig", OVERRIDES) for folder in jupyter_config_path()]
    operators += [Path(get_app_dir(), "settings", name) for name in ("overrides.json", "overrides.json5")]
    if OWN_THEME.search(text_of(own)) or any(THEMES in text_of(file) for file in operators):
        return
    (HERE / "config" / "labconfig").mkdir(exist_ok=True)
    (HERE / "config" / "labconfig" / OVERRIDES).write_text(json.dumps({THEMES: {"adaptive-theme": True}}))


def text_of(file: Path) -> str:
    """Return what is in a file; nothing where it cannot be read."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def load(name: str) -> ModuleType:
    """Import a module from the session's directory, which is not where Python looks."""
    found = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    if found is None or found.loader is None:
        raise ImportError(name)
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


c: Any = globals()["c"]  # put there by Jupyter, which runs this file

# Who may come in, and from where
c.ServerApp.identity_provider_class = SessionIdentity
c.IdentityProvider.updatable_fields = []
c.ServerApp.sock = str(HERE / "s")
c.ServerApp.sock_mode = "0600"
c.ServerApp.base_url = SESSION["base_path"]
c.ServerApp.allow_remote_access = True  # the proxy knows the host of the session, and lets nobody in under another
c.ServerApp.allow_unauthenticated_access = False
c.ServerApp.disable_check_xsrf = False
c.ServerApp.allow_origin = ""
c.ServerApp.allow_origin_pat = ""
c.ServerApp.allow_credentials = False
c.ServerApp.allow_password_change = False
c.ServerApp.trust_xheaders = True  # the proxy drops what the browser says in them
c.ServerApp.cookie_secret = os.urandom(32)  # of this session alone, and not on disk
static_files = load(STATIC_FILES)
c.ServerApp.tornado_settings = {
    "static_handler_class": static_files.CompressedFiles,
    "websocket_max_message_size": SESSION["message_limit"],
    "page_config_hook": page_config_hook,
    "xsrf_cookie_kwargs": {"path": SESSION["base_path"], "samesite": "Strict"},
}

# JupyterLab names the handler for the files of its extensions itself
importlib.import_module("jupyterlab_server.handlers").FileFindHandler = static_files.CompressedFiles  # type: ignore[attr-defined]  # it has no types here

# Where it works
c.ServerApp.root_dir = SESSION["workspace"]
c.ServerApp.open_browser = False
c.ServerApp.quit_button = False  # a session is ended where it was started
c.ServerApp.shutdown_no_activity_timeout = 0
c.ServerApp.terminals_enabled = True
c.ServerApp.terminado_settings = {
    "shell_command": [shutil.which("bash") or "/bin/bash", "--rcfile", str(HERE / "terminal.sh")]
}
c.LabApp.workspaces_dir = str(HERE / "workspaces")  # the usual folder is one for all of a person's sessions
c.LabApp.user_settings_dir = os.environ["USER_WORKSPACES_SETTINGS_DIR"]  # themes and shortcuts are the person's
follow_the_system(Path(os.environ["USER_WORKSPACES_SETTINGS_DIR"]))

# What the user has installed: kernels, and the parts of widgets that run in the page; nothing that runs in this process
ALL, OF_THE_SITE = (os.environ.get(name, "").split(os.pathsep) for name in ("UWS_JUPYTER_PATH", "JUPYTER_PATH"))
c.LabApp.extra_labextensions_path = [str(Path(one, "labextensions")) for one in ALL if one and one not in OF_THE_SITE]

# Kernels are out of reach for the other accounts of the machine, and so is their debugger, or it is switched off
kernels = load(KERNELS)
c.KernelManager.transport = kernels.SOCKETS
c.MappingKernelManager.kernel_manager_class = f"{KERNELS}.{kernels.SocketKernelManager.__name__}"
c.ServerApp.kernel_spec_manager_class = kernels.WorkspaceKernels
if SESSION["shares_machine"] and os.environ.get("UWS_NETWORK") != "isolated":
    c.WorkspaceKernels.has_debugger = False
    c.MappingKernelManager.allowed_message_types = kernels.ALLOWED_MESSAGES

# No other host is asked by itself
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
